/// What a file is, by its first bytes.
enum ImageFormat: String {
    case erofs
    case squashfs

    /// Bytes of the head that recognition needs.
    static let head = 1028

    /// Recognises an image: EROFS has its magic number at byte 1024, squashfs at the start, both little-endian.
    init?(head: [UInt8]) {
        if head.count >= Self.head, head[1024..<1028].elementsEqual([0xe2, 0xe1, 0xf5, 0xe0]) {
            self = .erofs
        } else if head.starts(with: "hsqs".utf8) {
            self = .squashfs
        } else {
            return nil
        }
    }

    /// Whether the file is a tar archive, plain or compressed with gzip, zstd or xz.
    static func isArchive(head: [UInt8]) -> Bool {
        let compressed: [[UInt8]] = [[0x1f, 0x8b], [0x28, 0xb5, 0x2f, 0xfd], [0xfd, 0x37, 0x7a, 0x58, 0x5a]]
        return compressed.contains { head.starts(with: $0) }
            || head.count >= 262 && head[257..<262].elementsEqual("ustar".utf8)
    }
}
