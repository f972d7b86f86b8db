"""How the flights model has to behave, whatever it was trained on.

The late shares behind it, January to June 2013: 14% at six in the morning and 36% at six in the
evening; 25% without and 56% with rain over 0.02 inches an hour; 20% of Delta's flights and 40% of
ExpressJet's.
"""

from __future__ import annotations

from typing import Any

# A Wednesday noon flight in quiet weather.
FLIGHT: dict[str, Any] = {
    "departure_minute": 720,
    "arrival_minute": 900,
    "weekday": 2,
    "distance": 1000,
    "carrier": "DL",
    "origin": "JFK",
    "destination": "ATL",
    "temperature": 60.0,
    "dew_point": 45.0,
    "humidity": 55.0,
    "wind_direction": 200.0,
    "wind_speed": 8.0,
    "wind_gust": None,
    "precipitation": 0.0,
    "pressure": 1018.0,
    "visibility": 10.0,
}
MORNING = FLIGHT | {"departure_minute": 360, "arrival_minute": 540}
EVENING = FLIGHT | {"departure_minute": 1080, "arrival_minute": 1260}
RAIN = FLIGHT | {"precipitation": 0.3, "visibility": 2.0, "humidity": 95.0, "dew_point": 58.0}


def behaviours() -> list[dict[str, Any]]:
    """What `delivery gate` asks every candidate."""
    return [
        {"name": "18:00 is riskier than 06:00", "higher": EVENING, "lower": MORNING, "by": 0.05},
        {"name": "rain is riskier than a clear day", "higher": RAIN, "lower": FLIGHT, "by": 0.05},
        {
            "name": "ExpressJet is riskier than Delta",
            "higher": FLIGHT | {"carrier": "EV"},
            "lower": FLIGHT,
            "by": 0.02,
        },
        {"name": "a quiet morning is no great risk", "row": MORNING, "maximum": 0.3},
        {
            "name": "airports that nobody has seen are alike",
            "same": [FLIGHT | {"destination": "XXX"}, FLIGHT | {"destination": "YYY"}],
        },
        {
            "name": "a mile more changes nothing to speak of",
            "same": [FLIGHT, FLIGHT | {"distance": 1001}],
            "within": 0.02,
        },
    ]
