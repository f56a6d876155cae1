"""DynamoDB: the items' conditions under concurrency, who may read which, and the table's key."""
