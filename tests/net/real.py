"""Servers that others wrote, each where it is installed: versitygw and MinIO (S3 with signatures),
moto (S3 without), nginx (a DAAC and its bucket). `find_*` give a path, or None."""
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ACCESS, SECRET = "AKIAREAL", "real/secret+key"
GO_BIN = os.path.expanduser("~/go/bin")
# What scripts/deps net brings in.
AWS_BIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.venv-aws/bin")


def find(variable, name, *folders):
    """A program: named by a variable, on PATH, or in one of the folders."""
    named = os.environ.get(variable)
    if named:
        return named
    for folder in ("", *folders):
        path = shutil.which(os.path.join(folder, name) if folder else name)
        if path:
            return path
    return None


def find_versitygw():
    return find("ZAGG_VERSITYGW", "versitygw", GO_BIN)


def find_minio():
    return find("ZAGG_MINIO", "minio", GO_BIN)


def find_moto():
    return find("ZAGG_MOTO", "moto_server", AWS_BIN)


def find_cfn_lint():
    return find("ZAGG_CFN_LINT", "cfn-lint", AWS_BIN)


def find_nginx():
    return find("ZAGG_NGINX", "nginx", "/usr/sbin")


HOW_TO_GET = {
    "versitygw": "scripts/deps net builds it, or ZAGG_VERSITYGW",
    "minio": "go install github.com/minio/minio@latest, or ZAGG_MINIO",
    "moto": "scripts/deps net installs it, or ZAGG_MOTO",
    "cfn-lint": "scripts/deps net installs it, or ZAGG_CFN_LINT",
    "nginx": "scripts/deps net installs it, or ZAGG_NGINX"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Real:
    """One of them while it runs, with a folder of its own, as a context."""

    keys = (ACCESS, SECRET)
    region = "us-east-1"
    ready_path = "/"

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="zagg-real-")
        self.port = free_port()
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = None

    def start(self, argv, **env):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, env={**os.environ, **env},
                                        start_new_session=True)
        try:
            self.wait_ready()
        except Exception:
            self.stop()
            raise

    def wait_ready(self, seconds=120):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
            try:
                link.request("GET", self.ready_path)
                if link.getresponse().status < 500:
                    return
            except (OSError, http.client.HTTPException):
                pass
            finally:
                link.close()
            time.sleep(0.05)
        with open(self.log.name, errors="replace") as log:
            raise RuntimeError(f"{self.process.args[0]} does not answer:\n{log.read()[-2000:]}")

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


class Versitygw(Real):
    name = "versitygw"

    def __init__(self):
        super().__init__()
        os.mkdir(os.path.join(self.folder, "objects"))
        self.start([find_versitygw(), "--keep-alive", "--quiet", "--port",
                    f"127.0.0.1:{self.port}", "posix", os.path.join(self.folder, "objects")],
                   ROOT_ACCESS_KEY=ACCESS, ROOT_SECRET_KEY=SECRET)


class Minio(Real):
    name = "minio"
    ready_path = "/minio/health/cluster"

    def __init__(self):
        super().__init__()
        self.start([find_minio(), "server", "--quiet", "--address", f"127.0.0.1:{self.port}",
                    os.path.join(self.folder, "objects")],
                   MINIO_ROOT_USER=ACCESS, MINIO_ROOT_PASSWORD=SECRET, MINIO_BROWSER="off",
                   MINIO_SITE_REGION=self.region)


class Moto(Real):
    name = "moto"

    def __init__(self):
        super().__init__()
        self.start([find_moto(), "-H", "127.0.0.1", "-p", str(self.port)])


NGINX_CONFIG = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  log_format seen '$server_port $status $request_method $uri "$http_range" "$http_authorization"';
  map $http_authorization $known {{ default 0; "Bearer {token}" 1; }}
  server {{ # the DAAC
    listen 127.0.0.1:{port}; access_log {folder}/seen seen;
    location = /oauth/authorize {{ default_type text/html; return 200 "<html>log in</html>"; }}
    location /data/ {{
      if ($known = 0) {{ return 302 http://127.0.0.1:{port}/oauth/authorize?client_id=t; }}
      rewrite ^/data/(.*)$ http://127.0.0.1:{bucket_port}/$1?X-Amz-Expires=3600 redirect;
    }}
    location / {{ return 404; }}
  }}
  server {{ # the bucket
    listen 127.0.0.1:{bucket_port}; access_log {folder}/seen seen; root {root};
    location / {{ if ($http_authorization) {{ return 400 "two ways of signing"; }} }}
  }}
}}
"""


class Nginx(Real):
    """/data/PATH with the bearer `token` leads to a bucket on another port: the files of `root`."""

    name = "nginx"
    token = "nginx-token"

    def __init__(self, root):
        super().__init__()
        os.chmod(self.folder, 0o755)
        self.bucket_port = free_port()
        config = os.path.join(self.folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(NGINX_CONFIG.format(folder=self.folder, port=self.port, root=root,
                                           bucket_port=self.bucket_port, token=self.token))
            if os.geteuid() == 0:  # workers would be of a user who may not read it
                file.write("user root;\n")
        self.start([find_nginx(), "-c", config, "-p", self.folder])

    def seen(self):
        """Lines of its log: port, status, method, path, range, whether a secret came along."""
        with open(os.path.join(self.folder, "seen")) as file:
            return [line.split(" ", 4) for line in file.read().splitlines()]
