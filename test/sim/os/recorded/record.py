"""Runs the steps of cases.json on this Linux, as root, and writes what came of them to linux.json.

Each case runs in a child of its own with a private mount namespace, in an empty tmpfs. A step gives "ok", a value, or the
name of its errno. Usage: python3 record.py
"""
import ctypes, errno, fcntl, json, os, platform, socket, stat, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
here = os.path.dirname(os.path.abspath(__file__))
MS_REC, MS_PRIVATE, CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 16384, 1 << 18, 0x20000, 0x4000000, 0x40000000


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), "")


def text(value):
    return value.encode() if value != "" else None


def mount(source, target, kind, flags, data):
    checked(libc.mount(source.encode(), target.encode(), text(kind), ctypes.c_ulong(flags), text(data)))


def put(path, content, flags):
    fd = os.open(path, flags, 0o666)
    os.write(fd, content.encode())
    os.close(fd)


def get(path):
    with open(path) as file:
        return file.read()


sockets = {}
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def place(address):
    """"127.0.0.1:80", "@abstract" or a path."""
    if ":" in address:
        host, port = address.split(":")
        return (host, int(port))
    return "\0" + address[1:] if address.startswith("@") else address


def shown(address):
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    return "@" + address[1:].decode() if isinstance(address, bytes) and address else address or ""


def make(name, family, kind):
    sockets[name] = socket.socket(getattr(socket, f"AF_{family}"), getattr(socket, f"SOCK_{kind}"))


def pair(one, other, kind):
    sockets[one], sockets[other] = socket.socketpair(socket.AF_UNIX, getattr(socket, f"SOCK_{kind}"))


def lo_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


steps = {
    "net": lambda: checked(libc.unshare(CLONE_NEWNET)), "loup": lo_up, "socket": make, "pair": pair,
    "reuse": lambda n: sockets[n].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1),
    "bind": lambda n, a: sockets[n].bind(place(a)), "listen": lambda n: sockets[n].listen(4),
    "connect": lambda n, a: sockets[n].connect(place(a)),
    "accept": lambda n, m: sockets.update({m: sockets[n].accept()[0]}),
    "send": lambda n, t: sockets[n].send(t.encode(), socket.MSG_NOSIGNAL),
    "sendto": lambda n, t, a: sockets[n].sendto(t.encode(), place(a)),
    "recv": lambda n, c: sockets[n].recv(c).decode(),
    "poll": lambda n, c: sockets[n].recv(c, socket.MSG_DONTWAIT).decode(),
    "from": lambda n: shown(sockets[n].recvfrom(99)[1]), "shut": lambda n, h: sockets[n].shutdown(h),
    "sockname": lambda n: shown(sockets[n].getsockname()), "close": lambda n: sockets.pop(n).close(),
    "mkdir": lambda p: os.mkdir(p), "rmdir": os.rmdir, "unlink": os.unlink, "rename": os.rename,
    "link": lambda a, b: os.link(a, b, follow_symlinks=False), "symlink": os.symlink, "readlink": os.readlink,
    "write": lambda p, c: put(p, c, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    "append": lambda p, c: put(p, c, os.O_WRONLY | os.O_APPEND),
    "openexcl": lambda p: put(p, "", os.O_WRONLY | os.O_CREAT | os.O_EXCL),
    "nofollow": lambda p: os.close(os.open(p, os.O_RDONLY | os.O_NOFOLLOW)),
    "read": get, "list": lambda p: sorted(os.listdir(p)), "nlink": lambda p: os.stat(p).st_nlink,
    "stat": lambda p: stat.S_IFMT(os.stat(p).st_mode), "lstat": lambda p: stat.S_IFMT(os.lstat(p).st_mode),
    "mode": lambda p: os.stat(p).st_mode, "lmode": lambda p: os.lstat(p).st_mode, "size": lambda p: os.stat(p).st_size,
    "owner": lambda p: [os.stat(p).st_uid, os.stat(p).st_gid], "umask": lambda m: (os.umask(m), None)[1],
    "chmod": os.chmod, "chown": os.chown, "mknod": lambda p, m, d: os.mknod(p, m, d), "truncate": os.truncate,
    "setxattr": lambda p, n, v: os.setxattr(p, n, v.encode()), "getxattr": lambda p, n: os.getxattr(p, n).decode(),
    "removexattr": os.removexattr, "chdir": os.chdir, "getcwd": os.getcwd, "chroot": os.chroot,
    "tail": lambda _: os.path.basename(os.getcwd()), "mount": mount,
    "umount": lambda p, f: checked(libc.umount2(p.encode(), f)),
    "pivot_root": lambda a, b: checked(libc.syscall(155, a.encode(), b.encode())),
    "setuid": lambda u: os.setresuid(u, u, u), "sethostname": lambda n: checked(libc.sethostname(n.encode(), len(n))),
}


def step(call, *args):
    try:
        result = steps[call](*args)
        return "ok" if result is None else result
    except OSError as error:
        return errno.errorcode[error.errno]


def run(case):
    reader, writer = os.pipe()
    if os.fork() == 0:
        checked(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS))
        mount("", "/", "", MS_REC | MS_PRIVATE, "")
        mount("none", "/mnt", "tmpfs", 0, "mode=755")
        os.chdir("/mnt")
        os.umask(0o022)
        os.write(writer, json.dumps([step(*one) for one in case["steps"]]).encode())
        os._exit(0)
    os.close(writer)
    os.wait()
    with os.fdopen(reader) as file:
        return json.loads(file.read())


with open(os.path.join(here, "cases.json")) as file:
    cases = json.load(file)
recorded = {"kernel": f"{platform.system()} {platform.release().split('-')[0]}", "results": {case["name"]: run(case) for case in cases}}
target = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "linux.json")
with open(target, "w") as file:
    file.write("{\n" + f'  "kernel": {json.dumps(recorded["kernel"])},\n  "results": {{\n')
    file.write(",\n".join(f"    {json.dumps(name)}: {json.dumps(values)}" for name, values in recorded["results"].items()))
    file.write("\n  }\n}\n")
