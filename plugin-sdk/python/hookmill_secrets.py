"""The grant `secrets`: those that the connection names. Their values are left out of whatever the gateway shows.

A project that imports this module asks for the grant (`import hookmill_secrets as secrets`); names stand in its manifest:
`"wants": {"secrets": ["crm_token"]}`.
"""

from hookmill import Refusal, granted


def get(name):
    """The value of a secret, or None if the connection does not name it."""
    return granted("secrets").get(name)


def need(name):
    """The value of a secret that has to be there: without it the event is refused."""
    value = get(name)
    if value is None:
        raise Refusal(f"the secret `{name}` is not granted")
    return value
