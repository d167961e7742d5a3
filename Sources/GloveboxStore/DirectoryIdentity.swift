internal import CGloveboxLinux
internal import GloveboxCore
internal import GloveboxTransparency

/// Which directory one is: what a copy of it, by whatever program, does not keep.
///
/// The inode and the moment it was made; not the device, whose number changes when disks are found in another order.
struct DirectoryIdentity: Sendable, Hashable {
    static let byteCount = 20

    private let inode: UInt64
    private let seconds: Int64
    private let nanoseconds: UInt32

    /// Asks the file system.
    ///
    /// - Throws: `store.io`.
    init(of directory: Directory) throws(GloveboxError) {
        var (inode, seconds, nanoseconds): (UInt64, Int64, UInt32) = (0, 0, 0)
        let file = try directory.open()
        let result = unsafe glx_birth(file.descriptor, &inode, &seconds, &nanoseconds)
        guard result >= 0 else { throw SystemCall.failure("statx", directory.path, -result) }
        (self.inode, self.seconds, self.nanoseconds) = (inode, seconds, nanoseconds)
    }

    /// Reads ``bytes``.
    init(_ bytes: ArraySlice<UInt8>) {
        precondition(bytes.count == Self.byteCount, "a directory's identity has 20 bytes")
        let start = bytes.startIndex
        inode = UInt64(bigEndianBytes: bytes[start..<start + 8])
        seconds = Int64(bitPattern: UInt64(bigEndianBytes: bytes[start + 8..<start + 16]))
        nanoseconds = UInt32(bigEndianBytes: bytes[start + 16..<start + 20])
    }

    /// How it is kept.
    var bytes: [UInt8] {
        inode.bigEndianBytes + UInt64(bitPattern: seconds).bigEndianBytes + nanoseconds.bigEndianBytes
    }
}
