import Glibc
import GloveboxLinux

/// What jails could leave on the host: mounts and control groups.
struct Leftovers {
    private let names: Set<String>

    /// What there is now.
    static func now() -> Leftovers {
        let mounts = (HostText.read("/proc/self/mountinfo") ?? "").split(separator: "\n").filter(isOfJail)
        var names = Set(mounts.map(String.init))
        for parent in ControlGroupLayout.host.parents.values {
            do {
                for name in try Descriptor.open(parent, O_RDONLY | O_DIRECTORY).names() {
                    let text = String(decoding: name, as: UTF8.self)
                    if text.hasPrefix("glovebox-\(getpid()).") { names.insert(parent + "/" + text) }
                }
            } catch { continue }
        }
        return Leftovers(names: names)
    }

    /// Whether a mount is where a jail is put together; what else the host mounts meanwhile is its own affair.
    private static func isOfJail(_ mount: Substring) -> Bool {
        guard let point = mount.split(separator: " ").dropFirst(4).first else { return false }
        return point == "/tmp" || point == "/tmp/root" || point.hasPrefix("/tmp/root/")
    }

    /// What is there now that was not there then.
    func check() -> Check {
        let left = Self.now().names.subtracting(names)
        if let first = left.min() {
            return .fail("nothing-left", "\(left.count) things stayed behind, such as \(first)")
        }
        return .ok("nothing-left", "no mount and no control group of these jails stayed behind")
    }
}
