extension FixedWidthInteger {
    /// The bytes, most significant first.
    package var bigEndianBytes: [UInt8] {
        stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> Self($0)) }
    }

    /// Reads bytes, most significant first.
    ///
    /// - Precondition: there are as many as the type has.
    package init(bigEndianBytes bytes: some Collection<UInt8>) {
        precondition(bytes.count * 8 == Self.bitWidth, "the number of bytes is fixed")
        self = bytes.reduce(0) { $0 << 8 | Self(truncatingIfNeeded: $1) }
    }
}
