// Stands where the launcher stands and says to the supervisor what a file says: the fuzzer's way into the socket's reader.
//
// The file has the name under which this program was started, and ".input". It is a row of packets: length (16 bits,
// little-endian), number of descriptors to send along (8 bits), content.
#define _GNU_SOURCE
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { control = 3, most = 16 };

static unsigned char input[1 << 20];

static int play(unsigned char *bytes, size_t length, int count) {
    union { struct cmsghdr align; char space[CMSG_SPACE(most * sizeof(int))]; } rights = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = length};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    int descriptors[most] = {0};  // /dev/null, which is as good as any
    if (count > 0) {
        message.msg_control = rights.space;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
    }
    return sendmsg(control, &message, MSG_NOSIGNAL) >= 0;
}

// Who leaves with something unread resets the connection, and the supervisor sees none of what was said.
static void leave(void) {
    char ignored[1];
    for (int unread = 1, tries = 0; unread > 0 && tries < 400; tries++) {
        if (ioctl(control, SIOCOUTQ, &unread) != 0) break;
        if (unread > 0) usleep(50);
    }
    while (recv(control, ignored, sizeof ignored, MSG_DONTWAIT) > 0) {}
}

int main(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s.input", (const char *)getauxval(AT_EXECFN));
    FILE *file = fopen(path, "rb");
    if (!file) return 1;
    char plan[1];
    if (recv(control, plan, sizeof plan, 0) != 1) return 1;
    size_t size = fread(input, 1, sizeof input, file);
    for (size_t at = 0; at + 3 <= size;) {
        size_t length = input[at] | (size_t)input[at + 1] << 8;
        int count = input[at + 2] % (most + 1);
        at += 3;
        if (length > size - at) length = size - at;
        if (!play(input + at, length, count)) break;
        at += length;
    }
    leave();
    return 0;
}
