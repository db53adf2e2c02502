"""JSON schemas for kubeconform, made from what a real API server says of itself (/openapi/v2): nothing is downloaded."""
import json
import os
import re

INT_OR_STRING = {"oneOf": [{"type": "string"}, {"type": "integer"}]}


def converted(node):
    """An OpenAPI v2 schema as a strict JSON schema: unknown fields are refused, null is allowed where it is optional."""
    if isinstance(node, list):
        return [converted(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "int-or-string" or node.get("x-kubernetes-int-or-string"):
        return INT_OR_STRING
    out = {key: converted(value) for key, value in node.items() if key in (
        "type", "items", "required", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum")}
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    if "properties" in node:
        out["properties"] = {key: converted(value) for key, value in node["properties"].items()}
    if "additionalProperties" in node:
        out["additionalProperties"] = converted(node["additionalProperties"])
    elif "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        out["additionalProperties"] = False
    return out


def reachable(name, definitions):
    """The definitions that one needs, itself included."""
    found, waiting = {}, [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found[current] = definitions[current]
        waiting += re.findall(r'"#/definitions/([^"]+)"', json.dumps(definitions[current]))
    return found


def write(openapi, folder):
    """One file per kind, as kubeconform names them: KIND-GROUP-VERSION.json. Returns how many."""
    definitions = {name: converted(definition) for name, definition in openapi["definitions"].items()}
    definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] = {"oneOf": [{"type": "string"}, {"type": "number"}]}
    count = 0
    for name, definition in openapi["definitions"].items():
        kinds = definition.get("x-kubernetes-group-version-kind", [])
        if len(kinds) != 1:
            continue  # none: a part of an object; several: DeleteOptions and the like
        version = "-".join(part for part in (kinds[0]["group"].split(".")[0], kinds[0]["version"]) if part)
        with open(os.path.join(folder, f"{kinds[0]['kind'].lower()}-{version}.json"), "w", encoding="utf-8") as f:
            json.dump({"$ref": f"#/definitions/{name}", "definitions": reachable(name, definitions)}, f)
        count += 1
    return count
