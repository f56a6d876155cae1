"""One example of each type of personal data that Bedrock knows, invented or reserved for examples.

Source: Amazon Bedrock API Reference, GuardrailPiiEntityType.
"""

from collections.abc import Iterable

# Type -> what stands before it in a sentence, and the thing itself.
EXAMPLES = {
    "ADDRESS": ("I live at ", "12 Garden Road"),
    "AGE": ("I am ", "34 years old"),
    "AWS_ACCESS_KEY": ("The access key is ", "AKIAIOSFODNN7EXAMPLE"),
    "AWS_SECRET_KEY": ("The secret is ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE1"),
    "CA_HEALTH_NUMBER": ("Health card number ", "1234-567-890"),
    "CA_SOCIAL_INSURANCE_NUMBER": ("SIN ", "046 454 286"),
    "CREDIT_DEBIT_CARD_CVV": ("The cvv is ", "123"),
    "CREDIT_DEBIT_CARD_EXPIRY": ("It expires ", "11/29"),
    "CREDIT_DEBIT_CARD_NUMBER": ("I paid with ", "4111 1111 1111 1111"),
    "DRIVER_ID": ("Driver's license: ", "D1234567"),
    "EMAIL": ("Write to ", "jane@mail.example"),
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER": ("IBAN ", "DE89370400440532013000"),
    "IP_ADDRESS": ("Our host is ", "203.0.113.7"),
    "LICENSE_PLATE": ("License plate ", "AB12 CDE"),
    "MAC_ADDRESS": ("The device is ", "00:1B:44:11:3A:B7"),
    "NAME": ("My name is ", "Jane Miller"),
    "PASSWORD": ("My password: ", "tr0ub4dor"),
    "PHONE": ("Phone ", "+44 20 7946 0958"),
    "PIN": ("PIN: ", "4821"),
    "SWIFT_CODE": ("Swift code: ", "DEUTDEFF"),
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": ("NHS ", "943 476 5919"),
    "UK_NATIONAL_INSURANCE_NUMBER": ("NINO ", "AB 12 34 56 C"),
    "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER": ("UTR ", "12345 67890"),
    "URL": ("See ", "https://people.example/jane"),
    "USERNAME": ("Username: ", "jmiller"),
    "US_BANK_ACCOUNT_NUMBER": ("Bank account number ", "12345678901"),
    "US_BANK_ROUTING_NUMBER": ("Routing number ", "021000021"),
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER": ("ITIN ", "912-70-1234"),
    "US_PASSPORT_NUMBER": ("Passport number ", "123456789"),
    "US_SOCIAL_SECURITY_NUMBER": ("SSN ", "078-05-1120"),
    "VEHICLE_IDENTIFICATION_NUMBER": ("The car is ", "1HGCM82633A004352"),
}


def text(types: Iterable[str]) -> str:
    """Return a text that holds one example of each of the types that are known here."""
    return " ".join(f"{''.join(EXAMPLES[kind])}." for kind in types if kind in EXAMPLES)


def values(types: Iterable[str]) -> list[str]:
    """Return the examples themselves."""
    return [EXAMPLES[kind][1] for kind in types if kind in EXAMPLES]
