# An IP set holds addresses of one kind, so that each list makes two; an empty one matches nobody (AWS WAF API Reference, IPSet).

locals {
  ip_sets = merge([
    for list, addresses in { allowed = var.addresses.allowed, rate-exempt = var.addresses.rate_exempt } : {
      for kind, is_kind in { ipv4    = "^[0-9.]+/", ipv6 = ":" } : "${list}-${kind}" => {
        list                         = list
        kind                         = kind
        addresses                    = [for address in addresses : address if can(regex(is_kind, address))]
      }
    } if length(addresses) > 0
  ]...)
}

resource "aws_wafv2_ip_set" "this" {
  for_each = local.ip_sets

  name               = "${var.name}-${each.key}"
  description        = "Addresses with a rule of their own in the web ACL of ${var.name}"
  scope              = "REGIONAL"
  ip_address_version = upper(each.value.kind)
  addresses          = each.value.addresses
  tags               = var.tags
}
