"""A function's zip as an object of S3: Lambda copies it when the function is made or updated."""

import base64
import io
import zipfile

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.s3.exceptions import MissingBucket, MissingKey, S3ClientError
from moto.s3.models import s3_backends

from emulator.wire.documents import JsonObject
from emulator.wire.partition import partition_of

_NO_ZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."


def uploaded(account_id: str, region: str, code: JsonObject) -> JsonObject:
    """Return code with the bytes of its object in place of the object's name.

    moto reads the newest version whatever S3ObjectVersion says, and takes an object that is not
    there for an empty zip.

    Raises InvalidParameterValueException in AWS's words (on record in localstack/localstack,
    tests/aws/services/lambda_/test_lambda_api.snapshot.json; the one about versions is S3's own).
    """
    if "S3Bucket" not in code:
        return code
    store = s3_backends[account_id][partition_of(region)]
    version = code.get("S3ObjectVersion")
    try:
        stored = store.get_object(code["S3Bucket"], code["S3Key"], version_id=version)
    except MissingBucket:
        raise _refused("NoSuchBucket", "The specified bucket does not exist") from None
    except (MissingKey, S3ClientError):
        stored = None
    if stored is None and version is not None:
        raise _refused("NoSuchVersion", "The specified version does not exist.")
    if stored is None:
        raise _refused("NoSuchKey", "The specified key does not exist.")
    content = stored.value
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise InvalidParameterValueException(_NO_ZIP)
    named = {"S3Bucket", "S3Key", "S3ObjectVersion"}
    rest = {name: value for name, value in code.items() if name not in named}
    return rest | {"ZipFile": base64.b64encode(content).decode()}


def _refused(code: str, message: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(
        f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
    )
