internal import CGloveboxLinux
internal import Glibc

/// Two user ids and two group ids of the host that one jail of an ordinary user has for itself while this is held.
///
/// They lie in the ranges that `/etc/subuid` and `/etc/subgid` grant the user; only the host's `newuidmap` and `newgidmap`
/// can map them.
package struct GrantedIDs: Sendable {
    /// The programs that map them.
    package static let helpers = ["/usr/bin/newuidmap", "/usr/bin/newgidmap"]
    /// The first of the two user ids.
    package let user: UInt32
    /// The first of the two group ids.
    package let group: UInt32
    /// A name that no two sockets have; the kernel frees it when the last who holds it is gone.
    private let claim: Descriptor

    /// Draws ids that no other jail on this host has; nil where the user has none, or none was free among some.
    ///
    /// Another user could take the names, and would only have us go without.
    package static func drawn() -> GrantedIDs? {
        let (users, groups) = granted
        let count = min(users.pairs, groups.pairs)
        guard count > 0 else { return nil }
        for _ in 0..<16 {
            let index = Int.random(in: 0..<count)
            guard let user = users.pair(index), let group = groups.pair(index) else { return nil }
            do { return GrantedIDs(user: user, group: group, claim: try .named("glovebox-ids-\(user)")) } catch {
                continue  // another jail's
            }
        }
        return nil
    }

    /// Whether this user has ranges in both files, and the host the helpers; never for root, who needs neither.
    package static var areThere: Bool { min(granted.users.pairs, granted.groups.pairs) > 0 }

    /// What the host's files say, read once.
    private static let granted: (users: SubordinateIDs, groups: SubordinateIDs) = {
        let user = getuid()
        let none = SubordinateIDs([], user: user, name: "", own: user)
        guard user != 0, helpers.allSatisfy({ unsafe access($0, X_OK) == 0 }) else { return (none, none) }
        do {
            func text(_ path: String) throws(SyscallError) -> [UInt8] {
                try Descriptor.open(path, O_RDONLY).readWhole(limit: 1 << 20)
            }
            let name = try name(of: user, in: text("/etc/passwd"))
            return (
                SubordinateIDs(try text("/etc/subuid"), user: user, name: name, own: user),
                SubordinateIDs(try text("/etc/subgid"), user: user, name: name, own: getgid())
            )
        } catch { return (none, none) }  // as on a host that grants nothing
    }()

    /// The name of a user; empty where only a directory service knows it, which a static program cannot ask.
    ///
    /// Source: passwd(5).
    private static func name(of user: UInt32, in accounts: [UInt8]) -> String {
        for line in accounts.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
            if fields.count == 4, fields[2].elementsEqual(String(user).utf8) {
                return String(decoding: fields[0], as: UTF8.self)
            }
        }
        return ""
    }
}
