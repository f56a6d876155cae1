# What must be there before anything can be applied by a workflow: once for each account, by somebody who administers it.
# Edit four placeholders: 1. the account (providers.tf), 2. the state bucket (terraform.tf), 3. the repository, and
# 4. the environments that live in this account. Another account gets a copy of this folder.

module "delivery" {
  source = "../../modules/delivery"

  environments = ["dev", "prod"]    # 4. Each with its roles.
  repository   = "OWNER/REPOSITORY" # 3. Whose workflows take the roles.
}
