/// One step in assembling the jail's root.
///
/// See ``JailPlan`` for the two kinds of path.
package enum JailStep: Equatable, Sendable {
    /// Switches of a mount.
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// No writing through this mount.
        package static let readOnly = Flags(rawValue: 1)
        /// No execution from this mount.
        package static let noExec = Flags(rawValue: 2)
        /// Mounts below the source come along.
        package static let recursive = Flags(rawValue: 4)
        /// The source is a file, so the target is made as one.
        package static let file = Flags(rawValue: 8)
        /// Device nodes work through this mount.
        package static let devices = Flags(rawValue: 16)
        /// A descriptor of the mount is handed to the supervisor at ``JailStep/stage``.
        package static let exported = Flags(rawValue: 32)
    }

    /// Makes a directory and those above it.
    case directory(path: [UInt8], mode: UInt32)
    /// Makes an empty file, for a mount to stand on.
    case file(path: [UInt8])
    /// Makes a symbolic link.
    case link(target: [UInt8], path: [UInt8])
    /// Mounts an empty tmpfs with limits in bytes and inodes, owned by the workload.
    case scratch(path: [UInt8], bytes: UInt64, inodes: UInt64, mode: UInt32, flags: Flags)
    /// Mounts a copy of the mount at `source`.
    case bind(source: [UInt8], path: [UInt8], flags: Flags)
    /// Mounts a detached mount that the supervisor made.
    case attach(descriptor: UInt32, path: [UInt8], flags: Flags)
    /// Mounts a read-only overlay of two directories, `upper` hiding `lower`.
    case overlay(upper: [UInt8], lower: [UInt8], path: [UInt8])
    /// Mounts a read-only overlay of one directory, so that the jail sees inodes of its own; where the kernel cannot stack
    /// there, the directory itself. The readback tells which.
    case cover(lower: [UInt8], path: [UInt8])
    /// Mounts the process file system: only processes, only one's own, read-only.
    case processes(path: [UInt8])
    /// Makes the mount at `path` read-only.
    case seal(path: [UInt8])
    /// Hands the exported directories to the supervisor, and waits until it has filled those it has to fill.
    case stage(isAwaited: Bool)
}
