"""Bybit's error codes and the words that come with them, and the exception that carries one to the client."""

OK = 0
TIMEOUT = 10000
INVALID = 10001
CLOCK = 10002
KEY = 10003
SIGN = 10004
PERMISSION = 10005
TOO_MANY = 10006
IP = 10010
SERVER = 10016
ROUTE = 10017
NOT_IN_DEMO = 10032
PRICE_LOW = 110120
PRICE_HIGH = 110121
LEVERAGE = 110013
UNKNOWN_ORDER = 110001
TOO_MANY_STOPS = 110009
REDUCE_ONLY = 110017
TOO_MANY_ORDERS = 110020
POSITION_OPEN = 110024
SAME_MODE = 110025
ORDERS_OPEN = 110028
SAME_LEVERAGE = 110043
TOO_MANY_PARTIAL = 110061
BELOW_FILLED = 110064
DUPLICATE = 110072
NOT_LIVE = 110074
TRIGGER_NOT_ABOVE = 110092
TRIGGER_NOT_BELOW = 110093
NOT_MODIFIED = 34040
DELISTING = 30228
MARGIN_MODE = 3400045

TEXTS = {
    TIMEOUT: "Server Timeout",
    CLOCK: "invalid request, please check your server timestamp or recv_window param.",
    KEY: "API key is invalid.",
    SIGN: "error sign! origin_string[...]",
    PERMISSION: "Permission denied, please check your API key permissions.",
    TOO_MANY: "Too many visits!",
    IP: "Unmatched IP, please check your API key's bound IP addresses.",
    SERVER: "Server error.",
    ROUTE: "Route not found.",
    NOT_IN_DEMO: "Demo trading are not supported.",
    UNKNOWN_ORDER: "order not exists or too late to cancel",
    TOO_MANY_STOPS: "The number of stop orders exceeds the maximum allowable limit",
    TOO_MANY_ORDERS: "Not allowed to have more than 500 active orders.",
    POSITION_OPEN: "You have an existing position, so the position mode cannot be switched.",
    SAME_MODE: "Position mode is not modified",
    ORDERS_OPEN: "You have existing open orders, so the position mode cannot be switched.",
    SAME_LEVERAGE: "leverage not modified",
    TOO_MANY_PARTIAL: "Not allowed to have more than 20 TP/SLs under Partial tpSlMode",
    BELOW_FILLED: "The modified contract quantity cannot be less than or equal to the filled quantity.",
    DUPLICATE: "OrderLinkedID is duplicate",
    NOT_LIVE: "This contract is not live",
    NOT_MODIFIED: "not modified",
    DELISTING: "No new positions during delisting.",
    MARGIN_MODE: "Set margin mode failed",
}


class VenueError(Exception):
    """A request the venue refuses: `code` and `text` as the client reads them in retCode and retMsg."""

    def __init__(self, code: int, text: str = "") -> None:
        self.code = code
        self.text = text or TEXTS.get(code, "")
        super().__init__(f"{code}: {self.text}")


def invalid(text: str) -> VenueError:
    """Return a parameter error (10001) with its text."""
    return VenueError(INVALID, text)
