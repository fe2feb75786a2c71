"""Teaches: exact numbers. Money is read as Decimal, never as float."""

from decimal import Decimal, InvalidOperation

from hookmill import Refusal, forward_json

manifest = {
    "name": "normalize-money",
    "version": "1.0.0",
    "description": "Brings amounts of money into one shape, whether they are numbers, texts or cents.",
    "config_schema": {
        "type": "object",
        "properties": {
            "amounts": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Paths of the amounts, such as order.total; `*` is every item of a list.",
            },
            "currency": {
                "type": "string",
                "description": "The path of the currency's code, or the code itself, such as EUR.",
            },
            "minor_units": {"type": "boolean", "description": "Amounts are whole cents, as Stripe sends them."},
        },
        "required": ["amounts", "currency"],
        "additionalProperties": False,
    },
}

# Decimals of the currencies that have not two.
DECIMALS = {"BHD": 3, "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}


def transform(event, config):
    body = event.json(parse_float=Decimal)
    code = config["currency"]
    if len(code) != 3 or not code.isupper():
        code = str(next((holder[key] for holder, key in places(body, code.split("."))), "")).upper()
        if len(code) != 3:
            raise Refusal(f"no currency at {config['currency']}")
    decimals = DECIMALS.get(code, 2)
    for path in config["amounts"]:
        for holder, key in places(body, path.split(".")):
            holder[key] = money(holder[key], code, decimals, config.get("minor_units", False))
    return forward_json(body)


def places(value, path):
    """Where the path leads to: containers and the key in each."""
    key, rest = path[0], path[1:]
    if key == "*":
        keys = range(len(value)) if isinstance(value, list) else []
    else:
        keys = [key] if isinstance(value, dict) and key in value else []
    for key in keys:
        if rest:
            yield from places(value[key], rest)
        else:
            yield value, key


def money(value, code, decimals, is_minor):
    amount = exact(value)
    if is_minor:
        amount = amount.scaleb(-decimals)
    amount = amount.quantize(Decimal(1).scaleb(-decimals))
    return {"value": str(amount), "minor": int(amount.scaleb(decimals)), "currency": code}


def exact(value):
    """A number, or a text such as `1.234,56 €` or `$1,234.56`."""
    text = str(value)
    if isinstance(value, str):
        text = "".join(letter for letter in value if letter.isdigit() or letter in ".,-")
        mark = max(".,", key=text.rfind)
        whole, _, part = text.rpartition(mark) if mark in text else (text, "", "")
        # Three digits behind the only kind of mark are thousands: 1.234 is more than a thousand.
        if len(part) == 3 and not set(whole) & ({".", ","} - {mark}):
            whole, part = whole + part, ""
        text = f"{whole.replace('.', '').replace(',', '')}.{part}"
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Refusal(f"`{value}` is no amount of money") from None
