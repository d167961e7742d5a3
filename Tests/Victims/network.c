/// Every way to a network, and to the sockets of the host.
#include "victim.h"

#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static _Noreturn void family(int domain, int type, int protocol) {
    expect_refused(socket(domain, type, protocol), "the socket was made");
}

VICTIM(inet_stream, plain, "a TCP socket") { family(AF_INET, SOCK_STREAM, 0); }
VICTIM(inet_datagram, plain, "a UDP socket") { family(AF_INET, SOCK_DGRAM, 0); }
VICTIM(inet6_stream, plain, "a TCP socket over IPv6") { family(AF_INET6, SOCK_STREAM, 0); }
VICTIM(inet6_datagram, plain, "a UDP socket over IPv6") { family(AF_INET6, SOCK_DGRAM, 0); }
VICTIM(inet_raw, plain, "a raw IP socket") { family(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
VICTIM(netlink_route, plain, "a netlink socket to the routing tables") { family(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }
VICTIM(netlink_audit, plain, "a netlink socket to the audit system") { family(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); }
VICTIM(packet, plain, "a packet socket, which sees every frame") { family(AF_PACKET, SOCK_RAW, 0); }
VICTIM(vsock, plain, "a socket to the hypervisor") { family(AF_VSOCK, SOCK_STREAM, 0); }
VICTIM(alg, plain, "a socket to the kernel's cryptography") { family(AF_ALG, SOCK_SEQPACKET, 0); }

VICTIM(high_family, plain, "AF_INET with high bits set, past a filter that compares 64 bits") {
    expect_refused(syscall(SYS_socket, 0x100000000L | AF_INET, SOCK_STREAM, 0), "the socket was made");
}

VICTIM(other_families, plain, "a socket of any family but AF_UNIX") {
    for (int domain = 2; domain < 64; domain++)
        for (int type = SOCK_STREAM; type <= SOCK_SEQPACKET; type++)
            if (socket(domain, type | SOCK_CLOEXEC, 0) >= 0) escaped("family %d, type %d", domain, type);
    refused();
}

VICTIM(connect_loopback, plain, "a connection to a port of the host") {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(atoi(hint("port"))), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int file = socket(AF_INET, SOCK_STREAM, 0);
    if (file < 0) refused();
    expect_refused(connect(file, (struct sockaddr *)&address, sizeof address), "connected");
}

void connect_unix(const char *path, size_t length) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int file = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file < 0) refused();
    memcpy(name.sun_path, path, length);
    socklen_t size = offsetof(struct sockaddr_un, sun_path) + length;
    expect_refused(connect(file, (struct sockaddr *)&name, size), "connected to a process of the host");
}

VICTIM(unix_abstract, plain, "a connection to an abstract socket of the host") {
    connect_unix("\0" HOST_NAME, sizeof HOST_NAME);
}

VICTIM(unix_path, plain, "a connection to a host's socket that lies in the root") {
    const char *path = under("/run/host.socket");
    connect_unix(path, strlen(path) + 1);
}

VICTIM(host_fifo, plain, "writing to a host's FIFO that lies in the root") {
    int file = open(under("/run/host.fifo"), O_WRONLY | O_NONBLOCK);
    if (file < 0) refused();
    expect_refused(write(file, "x", 1), "the host's process can read it");
}

VICTIM(fifo_for_writing, plain, "opening a FIFO of the root for writing, which a read-only mount allows and Landlock does not") {
    expect_refused(open(under("/run/host.fifo"), O_RDWR | O_NONBLOCK), "opened");
}

VICTIM(interfaces, plain, "an interface beside loopback, by name") {
    char text[65536] = "";
    int file = open("/proc/net/dev", O_RDONLY);
    if (file < 0) refused();
    if (read(file, text, sizeof text - 1) < 0) refused();
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *colon = strchr(line, ':');
        if (colon && !strstr(line, " lo:") && !strchr(line, '|')) escaped("%.*s", (int)(colon - line), line);
    }
    blocked("none");
}
