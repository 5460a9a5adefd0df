#!/usr/bin/env python3
"""A STAC API (and CMR's granules.json) for tests: serves the items of an NDJSON file, with the
faults that are asked for. Prints `ready PORT` and ends when its standard input closes.

  stac_server.py --items FILE.ndjson[.gz] [--page N] [--fault KIND] [--log FILE]

GET /stac/PROVIDER/search   parameters collections, bbox, datetime, limit; assets under the path of
                            their file, as CMR names them; next links by GET with a cursor
POST /api/search            the same as a body; next links by POST, merged into the body before
GET /search/granules.json   entries of CMR, paged by CMR-Search-After

--fault: busy (every second answer is 503), throttle (429 with Retry-After), html (every second
answer is a page of HTML), cut (JSON that ends too early), loop (the second page leads to itself),
stale (new links, old items), huge (a page of 80 MB), half (the third page is 400 forever),
flaky (the third page is 400 once). --log: a line for each request, its method and target.
"""
import argparse
import gzip
import http.server
import json
import os
import sys
import threading
import urllib.parse


def read_items(path):
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines if line.strip()]
    return [item for item in items if item.get("type") == "Feature"]


def overlaps(item, box):
    west, south, east, north = item["bbox"]
    return west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1]


def cmr_assets(item):
    """The assets as CMR-STAC names them: no two items have a name in common."""
    names = {"data": "03/", "data_s3": "04/", "metadata": "metadata_"}
    return dict(item, assets={names.get(key, "") + item["id"]: asset
                              for key, asset in item["assets"].items()})


def entry_of(item):
    """A granule as granules.json tells of it."""
    rel = "http://esipfed.org/ns/fedsearch/1.1/"
    links = [{"rel": rel + {"data": "data#", "data_s3": "s3#", "metadata": "metadata#"}[key],
              "href": asset["href"]} for key, asset in item["assets"].items()]
    rings = item["geometry"]["coordinates"]
    if item["geometry"]["type"] == "Polygon":
        rings = [rings]
    polygons = [[" ".join(f"{lat!r} {lon!r}" for lon, lat in ring) for ring in polygon]
                for polygon in rings]
    properties = item["properties"]
    return {"title": item["id"], "polygons": polygons, "links": links,
            "time_start": properties["start_datetime"], "time_end": properties["end_datetime"]}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = dict(headers)
        headers.setdefault("Content-Type", "application/geo+json")
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(data) > 1000:
            data = gzip.compress(data, 1)
            headers["Content-Encoding"] = "gzip"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def fault(self, page):
        """True when the request was answered with a fault."""
        server, kind = self.server, self.server.fault
        with server.lock:
            server.count += 1
            odd = server.count % 2 == 1
            server.asked[page] = server.asked.get(page, 0) + 1
            times = server.asked[page]
        if kind == "busy" and odd:
            self.answer(503, {"message": "busy"})
        elif kind == "throttle" and odd:
            self.answer(429, {"message": "slower"}, {"Retry-After": "0"})
        elif kind == "html" and odd:
            self.answer(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})
        elif kind == "cut":
            self.answer(200, b'{"features": [')
        elif kind == "huge":
            self.answer(200, b'{"features": ["' + b"a" * 80_000_000 + b'"]}')
        elif (kind == "half" or (kind == "flaky" and times == 1)) and page == 2:
            self.answer(400, {"message": "no such cursor"})
        else:
            return False
        return True

    def select(self, box, limit, page):
        chosen = [item for item in self.server.items if overlaps(item, box)]
        size = min(self.server.page, limit)
        return chosen, chosen[page * size:(page + 1) * size], (page + 1) * size < len(chosen)

    def origin(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def page_of(self, features, links, total):
        self.answer(200, {"type": "FeatureCollection", "stac_version": "1.0.0",
                          "numberMatched": total, "features": features, "links": links})

    def next_page(self, page):
        return {"loop": 1, "stale": page + 1}.get(self.server.fault, page + 1) if page else 1

    def get_stac(self, path, query):
        page = int(query.get("cursor", ["0"])[0])
        if self.fault(page):
            return
        box = [float(v) for v in query["bbox"][0].split(",")]
        at = 0 if self.server.fault == "stale" else page
        every, some, more = self.select(box, int(query["limit"][0]), at)
        links = [{"rel": "self", "href": self.origin() + path}]
        if more:
            query["cursor"] = [str(self.next_page(page))]
            text = urllib.parse.urlencode(query, doseq=True)
            links.append({"rel": "next", "method": "GET", "href": f"{self.origin()}{path}?{text}"})
        self.page_of([cmr_assets(item) for item in some], links, len(every))

    def get_granules(self, query):
        page = int(self.headers.get("CMR-Search-After", "0"))
        if self.fault(page):
            return
        box = [float(v) for v in query["bounding_box"][0].split(",")]
        every, some, _ = self.select(box, int(query["page_size"][0]), page)
        headers = {"Content-Type": "application/json", "CMR-Hits": str(len(every))}
        if some:
            headers["CMR-Search-After"] = str(page + 1)
        self.answer(200, {"feed": {"entry": [entry_of(item) for item in some]}}, headers)

    def note(self, body=b""):
        if self.server.log:
            with self.server.lock, open(self.server.log, "a", encoding="utf-8") as log:
                log.write(f"{self.command} {self.path} {body.decode()}\n")

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query)
        self.note()
        if parts.path.startswith("/stac/") and parts.path.endswith("/search"):
            self.get_stac(parts.path, query)
        elif parts.path == "/search/granules.json":
            self.get_granules(query)
        else:
            self.answer(404, {"message": "no such path"})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.note(body)
        if self.path != "/api/search":
            self.answer(404, {"message": "no such path"})
            return
        query = json.loads(body)
        page = query.get("token", 0)
        if self.fault(page):
            return
        every, some, more = self.select(query["bbox"], query["limit"], page)
        links = [{"rel": "next", "method": "POST", "merge": True, "body": {"token": page + 1},
                  "href": self.origin() + "/api/search"}] if more else []
        self.page_of(some, links, len(every))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--items", required=True)
    parser.add_argument("--page", type=int, default=250)
    parser.add_argument("--fault", default="")
    parser.add_argument("--log", default="")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.items, server.page = read_items(options.items), options.page
    server.fault, server.log = options.fault, options.log
    server.lock, server.count, server.asked = threading.Lock(), 0, {}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
