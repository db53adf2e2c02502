"""Twenty scripted worlds for the HPA controller and Foretop side by side: the same metrics, the same fields, the same
steps of demand. Each step is far longer than both controllers' periods, so that the writes do not depend on when within
a period a value changed."""
from dataclasses import dataclass, field

STEP_S = 34
STABILIZATION_S = 12  # of both controllers, where `behavior` has none


@dataclass
class World:
    name: str
    metrics: list  # autoscaling/v2
    script: dict  # metric name -> one value a step: external demand, "cpu" cores or "memory" bytes of all pods; None: missing
    first: int = 2
    least: int = 1
    most: int = 20
    behavior: dict = field(default_factory=dict)
    shared: tuple = ("cpu", "memory")  # what is divided by the Ready pods


def external(name, value, kind="AverageValue"):
    key = {"AverageValue": "averageValue", "Value": "value"}[kind]
    return {"type": "External", "external": {"metric": {"name": name}, "target": {"type": kind, key: str(value)}}}


def resource(name, kind, value):
    key = {"Utilization": "averageUtilization", "AverageValue": "averageValue"}[kind]
    return {"type": "Resource", "resource": {"name": name, "target": {"type": kind, key: value}}}


def container(name, of, percent):
    return {"type": "ContainerResource", "containerResource": {
        "name": name, "container": of, "target": {"type": "Utilization", "averageUtilization": percent}}}


def rules(*policies, **more):
    return {"policies": [{"type": kind, "value": value, "periodSeconds": period} for kind, value, period in policies],
            **more}


MIB = 1 << 20

WORLDS = [
    World("average", [external("q", 100)], {"q": [150, 590, 590, 250, 120]}),
    World("value", [external("q", 100, "Value")], {"q": [100, 240, 100, 45, 100]}, most=12),
    World("tolerance", [external("q", 100)], {"q": [200, 218, 240, 275, 270]}),
    World("own-tolerance", [external("q", 100)], {"q": [200, 250, 290, 200, 190]},
          behavior={"scaleUp": {"tolerance": "0.3"}, "scaleDown": {"tolerance": "0.05"}}),
    World("pods-rate", [external("q", 100)], {"q": [150, 950, 950, 950, 950]},
          behavior={"scaleUp": rules(("Pods", 2, 15))}),
    World("percent-rate", [external("q", 100)], {"q": [150, 1950, 1950, 1950, 1950]}, first=4,
          behavior={"scaleUp": rules(("Percent", 50, 20), ("Pods", 1, 20))}),
    World("least-rate", [external("q", 100)], {"q": [350, 1950, 1950, 1950, 1950]}, first=4,
          behavior={"scaleUp": rules(("Percent", 100, 20), ("Pods", 3, 20), selectPolicy="Min")}),
    World("no-up", [external("q", 100)], {"q": [150, 950, 50, 950, 950]}, first=3,
          behavior={"scaleUp": {"selectPolicy": "Disabled"}}),
    World("no-down", [external("q", 100)], {"q": [150, 650, 50, 50, 50]},
          behavior={"scaleDown": {"selectPolicy": "Disabled"}}),
    World("down-rate", [external("q", 100)], {"q": [950, 950, 120, 120, 120]}, first=10,
          behavior={"scaleDown": rules(("Pods", 2, 15), stabilizationWindowSeconds=0)}),
    World("down-at-once", [external("q", 100)], {"q": [950, 410, 950, 120, 560]}, first=10,
          behavior={"scaleDown": {"stabilizationWindowSeconds": 0}}),
    World("clamped", [external("q", 100)], {"q": [350, 4000, 20, 4000, 350]}, first=4, least=3, most=6),
    World("below-minimum", [external("q", 100)], {"q": [150, 150, 450, 150, 150]}, first=1, least=4, most=8),
    World("two", [external("q", 100), external("r", 10)],
          {"q": [150, 350, 150, 150, 150], "r": [15, 15, 75, 75, 15]}),
    World("one-lost", [external("q", 100), external("r", 10)],
          {"q": [350, 350, 150, 650, 150], "r": [15, None, None, None, 15]}, first=4),
    World("all-lost", [external("q", 100)], {"q": [450, None, None, 150, 150]}, first=5),
    World("cpu", [resource("cpu", "Utilization", 50)], {"cpu": [1.0, 2.6, 2.6, 1.0, 1.0]}, most=12),
    World("cpu-average", [resource("cpu", "AverageValue", "400m")], {"cpu": [0.8, 1.9, 1.9, 0.8, 0.8]}, most=12),
    World("memory", [resource("memory", "AverageValue", "200Mi")],
          {"memory": [390 * MIB, 1150 * MIB, 1150 * MIB, 590 * MIB, 590 * MIB]}, most=12),
    World("container", [container("cpu", "app", 60), external("q", 100)],
          {"cpu": [1.1, 1.1, 2.9, 2.9, 1.1], "q": [150, 450, 450, 150, 150]}, most=12),
    World("zero", [external("q", 100)], {"q": [150, 0, 0, 250, 250]}, least=0),
    World("switched-off", [external("q", 100)], {"q": [650, 650, 650, 650, 650]}, first=0),
]
LENGTH_S = STEP_S * max(len(values) for world in WORLDS for values in world.script.values())
