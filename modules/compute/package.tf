locals {
  package_path   = can(tostring(var.package)) ? tostring(var.package) : null
  package_object = { for name in ["s3_bucket", "s3_key", "s3_object_version", "sha256"] : name => try(var.package[name], null) }

  # Lambda's hash is base64, and Terraform makes none of hexadecimal: three digits are two characters, and the last byte is padded.
  base64      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  sha256_bits = [for at in range(0, 64, 3) : parseint(substr("${coalesce(local.package_object.sha256, format("%064d", 0))}00", at, 3), 16)]

  package_hash = local.package_path != null ? filebase64sha256(local.package_path) : "${substr(join("", [
    for bits in local.sha256_bits : "${substr(local.base64, floor(bits / 64), 1)}${substr(local.base64, bits % 64, 1)}"
  ]), 0, 43)}="
}

# What Lambda really has: it takes whatever the object holds, and compares it with no hash. Read once the version is there.
data "aws_lambda_function" "uploaded" {
  count = local.package_path == null ? 1 : 0

  function_name = aws_lambda_function.this.function_name
  qualifier     = aws_lambda_function.this.version
}
