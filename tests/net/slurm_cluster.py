"""A Slurm cluster on this machine, for tests: its own munge, controller and nodes, as root on
loopback, without control groups. Everything lies in one folder and ends with the context."""
import os
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol")
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
CONFIG = """\
ClusterName=zagg
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller}
AuthType=auth/munge
AuthInfo=socket={dir}/munge.socket
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={dir}/state
SlurmdSpoolDir={dir}/spool-%n
SlurmctldPidFile={dir}/slurmctld.pid
SlurmdPidFile={dir}/slurmd-%n.pid
SlurmctldLogFile={dir}/slurmctld.log
SlurmdLogFile={dir}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=1
ReturnToService=2
SlurmdTimeout=10
KillWait=1
MinJobAge=60
MailProg=/bin/true
{options}
PlugStackConfig={dir}/plugstack.conf
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=10 State=UP
"""


def available():
    """What is missing, or an empty text."""
    if os.geteuid() != 0:
        return "only root can be all users of a cluster"
    missing = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]
    return "not installed: " + ", ".join(missing) if missing else ""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Cluster:
    def __init__(self, nodes=2, cpus=2, options=""):
        self.dir = tempfile.mkdtemp(prefix="zagg-slurm-")
        self.processes = {}
        self.nodes = [f"n{i}" for i in range(nodes)]
        lines = [f"NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={free_port()} "
                 f"CPUs={cpus} State=UNKNOWN" for name in self.nodes]
        self.write("slurm.conf", CONFIG.format(dir=self.dir, controller=free_port(),
                                               options=options, nodes="\n".join(lines)))
        self.write("plugstack.conf", "")
        self.write("cgroup.conf", "CgroupAutomount=no\n")
        self.env = {"SLURM_CONF": f"{self.dir}/slurm.conf", "PATH": PATH}

    def write(self, name, text):
        with open(os.path.join(self.dir, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self, name, *argv):
        with open(os.path.join(self.dir, f"{name}.out"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                argv, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)

    def __enter__(self):
        try:
            self.up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def up(self):
        os.makedirs(f"{self.dir}/state")
        with open(f"{self.dir}/munge.key", "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(f"{self.dir}/munge.key", 0o400)
        os.chmod(self.dir, 0o755)
        self.start("munged", "munged", "--foreground", "--force",
                   f"--key-file={self.dir}/munge.key", f"--socket={self.dir}/munge.socket",
                   f"--pid-file={self.dir}/munged.pid", f"--log-file={self.dir}/munged.log",
                   f"--seed-file={self.dir}/munged.seed")
        self.wait(lambda: os.path.exists(f"{self.dir}/munge.socket"), "munge")
        self.start("slurmctld", "slurmctld", "-D", "-c")
        for name in self.nodes:
            self.start_node(name)
        self.wait(lambda: self.states().count("idle") == len(self.nodes), "its nodes")

    def start_node(self, name):
        self.start(name, "slurmd", "-D", "-N", name)

    def fail_node(self, name):
        """It is gone, and the controller is told at once."""
        process = self.processes.pop(name)
        for pid in self.children(process.pid):
            os.kill(pid, 9)
        process.kill()
        process.wait()
        self.run("scontrol", "update", f"nodename={name}", "state=down", "reason=test")

    def heal_node(self, name):
        self.start_node(name)
        time.sleep(1)
        self.run("scontrol", "update", f"nodename={name}", "state=resume")

    @staticmethod
    def children(pid):
        """Steps of jobs, which leave their node's session, are found by their parent."""
        found = []
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                for child in map(int, file.read().split()):
                    found += Cluster.children(child) + [child]
        except OSError:
            pass
        return found

    def states(self):
        done = self.run("sinfo", "--noheader", "--Node", "--format=%t")
        return done.stdout.split()

    def run(self, *argv):
        return subprocess.run(argv, env={**os.environ, **self.env}, capture_output=True,
                              text=True, check=False)

    def wait(self, ready, what, seconds=60):
        until = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > until:
                raise RuntimeError(f"Slurm: no {what} after {seconds} s:\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.dir)):
            if name.endswith((".log", ".out")):
                with open(os.path.join(self.dir, name), errors="replace", encoding="utf-8") as file:
                    text += f"--- {name}\n{file.read()[-1500:]}\n"
        return text

    def __exit__(self, *_):
        for name in list(reversed(self.processes)):
            process = self.processes.pop(name)
            for pid in self.children(process.pid):
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)
