/// Numbers of the TPM specification that Glovebox uses.
///
/// Source: TCG TPM 2.0 Library, part 2, sections 6 and 7.
package enum TPMAlgorithm {
    package static let aes: UInt16 = 0x0006
    package static let keyedHash: UInt16 = 0x0008
    package static let sha256: UInt16 = 0x000b
    package static let sha384: UInt16 = 0x000c
    package static let null: UInt16 = 0x0010
    package static let ecdsa: UInt16 = 0x0018
    package static let ecc: UInt16 = 0x0023
    package static let cfb: UInt16 = 0x0043
    package static let p256: UInt16 = 0x0003
    package static let p384: UInt16 = 0x0004
    /// The endorsement hierarchy.
    package static let endorsement: UInt32 = 0x4000_000b
}
