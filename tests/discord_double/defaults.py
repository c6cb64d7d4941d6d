"""The fixed cast of a fresh double, so that a compose file can name it in its settings.

Every id is a literal: it is the same in each run, on each machine.
"""

from __future__ import annotations

from typing import Final

HOST: Final = "127.0.0.1"
PORT: Final = 8902

BOT_TOKEN: Final = "double-token"  # opens nothing but the double
BOT_NAME: Final = "Escalations"
BOT_USER_ID: Final = 1182734561029316608
APPLICATION_ID: Final = BOT_USER_ID  # since 2016 an application and its bot user share one id
BOT_ROLE_ID: Final = 1182734984511430726

GUILD_ID: Final = 1182731077223653376
GUILD_NAME: Final = "Front Desk"
OWNER_ID: Final = 419325508113825792
OWNER_NAME: Final = "Olivia"

CHANNEL_ID: Final = 1182731077223653381
CHANNEL_NAME: Final = "escalations"
SECOND_CHANNEL_ID: Final = 1182731842914873354
SECOND_CHANNEL_NAME: Final = "general"

OPERATOR_ROLE_ID: Final = 1182732417685631017
OPERATOR_ROLE_NAME: Final = "Operators"

MAYA_ID: Final = 731482065947918336  # an operator
NOOR_ID: Final = 864120937485869056  # another operator
MALLORY_ID: Final = 947203518866432001  # a member who may not answer

OPERATORS: Final = {"Maya": MAYA_ID, "Noor": NOOR_ID}
STRANGERS: Final = {"Mallory": MALLORY_ID}
