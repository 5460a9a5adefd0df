"""What a worker would answer, told from the event alone: a test knows what to expect of any
shard without reading a photon."""
import json
import os
import tempfile

PROCESS_KEYS = ("shard_key", "parent_order", "granule_urls", "store_path", "s3_credentials")
SECRET_KEYS = ("accessKeyId", "secretAccessKey", "sessionToken")


def response(status, body):
    return json.dumps({"statusCode": status, "body": json.dumps(body)}).encode()


def observations(key):
    """Of a shard; every 50th has none."""
    return 0 if key % 50 == 7 else key % 1000 + 1


def body_of(event):
    key = event["shard_key"]
    obs = observations(key)
    body = {"shard_key": key, "cells_with_data": obs // 10 + 1 if obs else 0, "total_obs": obs,
            "granule_count": len(event["granule_urls"]),
            "files_processed": len(event["granule_urls"]),
            "duration_s": 0.25 + key % 16 / 16,
            "error": None if obs else "No data after filtering"}
    if event.get("profile"):
        body["phase_timings"] = {"read": 0.125, "index": 0.25, "aggregate": key % 16 / 16,
                                 "write": 0.5}
    body["max_memory_mb"] = 64.5 + key % 4
    return body


def leave_status(event, request_id, status, body, root):
    """As workers do where the event names a run."""
    path = event["store_path"].removeprefix("s3://") + f".status/run-{event['run_id']}"
    folder = os.path.join(root, path)
    os.makedirs(folder, exist_ok=True)
    kind = "ok" if status == 200 else "no_data"
    record = {"schema_version": 1, "status": kind, "attempt_id": request_id.replace("-", ""),
              "run_id": event["run_id"], "shard": str(event["shard_key"]), "window": None,
              "timings": None, "error": body["error"], "store_error_class": None,
              "status_code": status, "body": body}
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".part-", delete=False) as file:
        json.dump(record, file)
    os.replace(file.name, os.path.join(folder, f"shard-{event['shard_key']}.json"))


def set_up(event, root):
    """The documents of a store: those that are there stay, but for --overwrite."""
    store = os.path.join(root, event["store_path"].removeprefix("s3://"))
    order = event.get("child_order")
    folder = os.path.join(store, "rectilinear" if order is None else str(order))
    os.makedirs(folder, exist_ok=True)
    for name in (os.path.join(folder, "zarr.json"), os.path.join(store, "zarr.json")):
        if event.get("overwrite") or not os.path.exists(name):
            with open(name, "w", encoding="utf-8") as file:
                file.write("{}")


def stub_response(event, request_id, root):
    mode = event.get("mode")
    if mode in ("setup", "finalize"):
        if mode == "setup" and root:
            set_up(event, root)
        return response(200, {"ok": True, "mode": mode})
    missing = [name for name in PROCESS_KEYS if name not in event]
    if missing:
        return response(400, {"error": "Missing required parameters: " + ", ".join(missing)})
    secrets = [name for name in SECRET_KEYS if name not in event["s3_credentials"]]
    if secrets:
        return response(400, {"error": "Missing s3_credentials keys: " + ", ".join(secrets)})
    body = body_of(event)
    status = 200 if body["error"] is None else 500
    if event.get("run_id") and root:
        leave_status(event, request_id, status, body, root)
    return response(status, body)
