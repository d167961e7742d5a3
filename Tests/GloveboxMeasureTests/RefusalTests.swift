import Glibc
import GloveboxCore
import Testing

@testable import GloveboxMeasure

/// Trees that must not be measured (attestation section 5); each script makes one wrong thing in a lawful tree.
struct RefusalTests {
    /// A tree and the code it is refused with.
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let code: String
        var testDescription: String { name }

        init(_ name: String, _ script: String, _ code: String) {
            self.name = name
            self.script = script
            self.code = code
        }
    }

    static let cases = [
        Case("a name that is no UTF-8", #"touch $'\xff'"#, "code.name-encoding"),
        Case("an overlong encoding", #"touch $'\xc0\xae'"#, "code.name-encoding"),
        Case("a name in NFD", #"touch $'e\u0301'"#, "code.name-encoding"),
        Case("a singleton that NFC replaces", #"touch $'\u212b'"#, "code.name-encoding"),
        Case("combining marks out of order", #"touch $'q\u0307\u0323'"#, "code.name-encoding"),
        Case("two names that differ in case", "touch readme README", "code.name-collision"),
        Case("two directories that differ in case", "mkdir X x && touch X/a x/b", "code.name-collision"),
        Case("a sharp s beside two plain ones", #"touch $'stra\u00dfe' STRASSE"#, "code.name-collision"),
        Case("a final sigma beside a capital one", #"touch $'\u03c2' $'\u03a3'"#, "code.name-collision"),
        Case("a newline", #"touch $'a\nb'"#, "code.name-control"),
        Case("a newline, and a FIFO after it", #"touch $'a\nb' && mkfifo z"#, "code.name-control"),
        Case("an escape character", #"touch $'a\x1b[31m'"#, "code.name-control"),
        Case("DEL", #"touch $'a\x7f'"#, "code.name-control"),
        Case("a C1 control", #"touch $'a\u0085'"#, "code.name-control"),
        Case("a backslash", #"touch 'a\b'"#, "code.name-control"),
        Case("a bidirectional override", #"touch $'a\u202eb'"#, "code.name-control"),
        Case("a bidirectional isolate", #"touch $'a\u2066b'"#, "code.name-control"),
        Case("git's directory", "mkdir -p sub/.git && touch sub/.git/x", "code.nested-git"),
        Case("git's file", "touch .git", "code.nested-git"),
        Case("git's directory in capitals", "mkdir .GIT && touch .GIT/x", "code.nested-git"),
        Case("git's short name", "touch git~1", "code.nested-git"),
        Case("git's name with a stream", "touch .git::x", "code.nested-git"),
        Case("an absolute link", "ln -s /etc/passwd l", "code.link"),
        Case("a link out of the tree", "ln -s ../code l", "code.link"),
        Case("a link out by way of a directory", "mkdir d && ln -s ../../code/a d/l", "code.link"),
        Case("a link out by way of another link", "mkdir d e && ln -s ../d e/s && ln -s e/s/../../code l", "code.link"),
        Case("a dangling link", "ln -s nothing l", "code.link"),
        Case("a link to itself", "ln -s l l", "code.link"),
        Case("two links in a circle", "ln -s m l && ln -s l m", "code.link"),
        Case("a link through a file", "ln -s a/../a l", "code.link"),
        Case("a file with a slash behind", "ln -s a/ l", "code.link"),
        Case("a hard link", "ln a b", "code.link"),
        Case("a link called .gitmodules", "ln -s a .gitmodules", "code.link"),
        Case("a FIFO", "mkfifo f", "code.special-file"),
        Case("a socket", "python3 -c 'import socket; socket.socket(1).bind(\"s\")'", "code.special-file"),
        // Whoever may make no device may still make the one that stands for nothing.
        Case("a device", "mknod n c 1 3 || mknod n c 0 0", "code.special-file"),
        Case("a setuid program", "chmod 4755 a", "code.special-file"),
        Case("a setgid program", "chmod 2755 a", "code.special-file"),
        Case("a sticky directory", "mkdir d && chmod 1777 d", "code.special-file"),
        Case("an empty tree", "rm a", "code.limits"),
        Case("a tree of empty directories", "rm a && mkdir -p b/c", "code.limits"),
        Case("a tree that is too deep", "mkdir -p $(printf 'd/%.0s' {1..65})", "code.limits"),
        Case("a file over the limit", "truncate -s 5G big", "code.limits"),
        Case("a file that cannot be read as a directory", "cd .. && rm -r code && touch code", "input.io"),
    ]

    @Test(arguments: cases)
    func `refuses a tree with its own code`(_ refusal: Case) throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        try scratch.shell("cd code && echo x >a && \(refusal.script)")
        #expect(throws: GloveboxError(refusal.code, "")) { try CodeTree.measure(directory: code) }
    }

    @Test func `accepts links that stay inside, whatever way they take`() throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        try scratch.shell(
            "cd code && mkdir -p d/e && echo x >a && ln -s . here && ln -s d/e/../../a 1 && ln -s ../../here/d/e/ d/e/2"
                + " && ln -s here/here/1 3 && ln -s 3 4"
        )
        #expect(try CodeTree.measure(directory: code).files.count == 1)
    }

    // Only root gives a file a capability.
    @Test(arguments: geteuid() == 0 ? ["user.x", "security.capability"] : ["user.x"])
    func `refuses an extended attribute and a file capability`(name: String) throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        // Version 2, effective: cap_net_raw. A user attribute may hold anything.
        let value = "struct.pack(\"<IIIII\", 0x02000001, 1 << 13, 0, 0, 0)"
        try scratch.shell("cd code && echo x >a")
        try scratch.shell("python3 -c 'import os, struct; os.setxattr(\"code/a\", \"\(name)\", \(value))'")
        #expect(throws: GloveboxError("code.xattr", "")) { try CodeTree.measure(directory: code) }
    }

    @Test func `refuses more entries than the limit before it lists them all`() throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        try scratch.shell("cd code && touch {1..12}")
        var limits = TreeLimits.measurement
        limits.entries = 12
        #expect(try CodeTree.measure(directory: code, limits: limits).files.count == 12)
        limits.entries = 11
        #expect(throws: GloveboxError("code.limits", "")) { try CodeTree.measure(directory: code, limits: limits) }
    }

    @Test func `ends on links that ask for more steps than a tree can need`() throws {
        let scratch = try Scratch()
        let code = try scratch.directory("code")
        // Each link walks up and down 500 times and then on to the next one.
        try scratch.shell(
            "cd code && mkdir d && touch a && walk=$(printf 'd/../%.0s' {1..160}) && ln -s a l0"
                + " && for i in {1..35}; do ln -s ${walk}l$((i - 1)) l$i; done"
                + " && for i in {1..400}; do ln -s l35 m$i; done"
        )
        #expect(throws: GloveboxError("code.limits", "")) { try CodeTree.measure(directory: code) }
    }
}
