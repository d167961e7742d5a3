package import GloveboxCore

/// What a TPM signed: `TPMS_ATTEST` of a quote.
///
/// Source: TCG TPM 2.0 Library, part 2, section 10.12.
package struct QuoteMessage: Sendable, Equatable {
    /// `TPM_GENERATED_VALUE`: a restricted key signs nothing from outside that begins so.
    static let magic: UInt32 = 0xff54_4347
    /// `TPM_ST_ATTEST_QUOTE`.
    static let type: UInt16 = 0x8018

    /// Name of the signing key and of all keys above it.
    package let qualifiedSigner: [UInt8]
    /// What the quote answers and binds.
    package let extraData: [UInt8]
    /// The TPM's clock and counters.
    package let clock: TPMClock
    /// Version of the TPM's firmware.
    package let firmware: UInt64
    /// The PCRs quoted.
    package let selection: [Int]
    /// SHA-256 over their values in order.
    package let digest: [UInt8]

    /// Reads a message.
    ///
    /// - Throws: `tpm.magic`, `tpm.type`, `tpm.pcr-selection` for more than the SHA-256 bank, `tpm.encoding`.
    package init(parsing bytes: [UInt8]) throws(GloveboxError) {
        var reader = TPMReader(bytes)
        guard try reader.number(UInt32.self) == Self.magic else {
            throw GloveboxError("tpm.magic", "the quote was not made by a TPM: it does not begin with ff544347")
        }
        guard try reader.number(UInt16.self) == Self.type else {
            throw GloveboxError("tpm.type", "the TPM signed something else than a quote")
        }
        qualifiedSigner = try reader.sized()
        extraData = try reader.sized()
        clock = try TPMClock(reading: &reader)
        firmware = try reader.number()
        selection = try Self.selection(&reader)
        digest = try reader.sized()
        try reader.finish()
    }

    /// One bank, SHA-256, of 24 PCRs.
    private static func selection(_ reader: inout TPMReader) throws(GloveboxError) -> [Int] {
        guard try reader.number(UInt32.self) == 1, try reader.number(UInt16.self) == TPMAlgorithm.sha256 else {
            throw GloveboxError("tpm.pcr-selection", "the quote is not of the SHA-256 bank alone")
        }
        let map = try reader.take(Int(reader.number(UInt8.self)))
        guard map.count == 3 else {
            throw GloveboxError("tpm.pcr-selection", "the quote selects among other PCRs than the 24 there are")
        }
        return PCRSelection.indexes(map)
    }
}

/// `TPMS_CLOCK_INFO`: what shows a TPM that was set back.
package struct TPMClock: Sendable, Equatable, Wire {
    /// Milliseconds that the TPM was powered.
    package let milliseconds: UInt64
    /// Number of resets.
    package let resetCount: UInt32
    /// Number of restarts since the last reset.
    package let restartCount: UInt32
    /// Whether the clock may not have been set back unnoticed.
    package let isSafe: Bool

    /// Reads a clock.
    package init(reading reader: inout TPMReader) throws(GloveboxError) {
        milliseconds = try reader.number()
        resetCount = try reader.number()
        restartCount = try reader.number()
        isSafe = try reader.number(UInt8.self) == 1
    }

    /// Describes a clock.
    package init(milliseconds: UInt64, resetCount: UInt32, restartCount: UInt32, isSafe: Bool = true) {
        self.milliseconds = milliseconds
        self.resetCount = resetCount
        self.restartCount = restartCount
        self.isSafe = isSafe
    }

    /// As the TPM writes it.
    package var bytes: [UInt8] {
        TPMWriter.make {
            $0.number(milliseconds)
            $0.number(resetCount)
            $0.number(restartCount)
            $0.number(UInt8(isSafe ? 1 : 0))
        }
    }

    var json: JSONValue {
        [
            "clock": .decimal(milliseconds), "resetCount": .decimal(UInt64(resetCount)),
            "restartCount": .decimal(UInt64(restartCount)), "safe": .bool(isSafe),
        ]
    }

    init(reading fields: inout JSONFields) throws(GloveboxError) {
        milliseconds = try fields.decimal("clock")
        let counts = [try fields.decimal("resetCount"), try fields.decimal("restartCount")]
        isSafe = try fields.bool("safe")
        guard let resets = UInt32(exactly: counts[0]), let restarts = UInt32(exactly: counts[1]) else {
            throw GloveboxError("json.number", "a TPM's counters have 32 bits")
        }
        (resetCount, restartCount) = (resets, restarts)
    }

    /// Whether a TPM that showed `earlier` may show this afterwards.
    package func mayFollow(_ earlier: TPMClock) -> Bool {
        if resetCount != earlier.resetCount {
            // After a loss of power a clock may stand where it was last saved, and says that it is not safe.
            return resetCount > earlier.resetCount && (milliseconds >= earlier.milliseconds || !isSafe)
        }
        return restartCount >= earlier.restartCount && milliseconds >= earlier.milliseconds
    }
}

/// A set of PCRs as TPMs write it: bit n of byte m stands for PCR 8m + n.
package enum PCRSelection {
    /// The PCRs that Glovebox quotes; 14 is its own.
    package static let quoted = [0, 11, 12, 14]

    /// The three bytes for these PCRs.
    package static func map(_ indexes: [Int]) -> [UInt8] {
        (0..<3).map { byte in indexes.reduce(0) { $1 / 8 == byte ? $0 | 1 << ($1 % 8) : $0 } }
    }

    /// The PCRs of these bytes, ascending.
    static func indexes(_ map: [UInt8]) -> [Int] {
        map.enumerated().flatMap { byte, bits in (0..<8).filter { bits >> $0 & 1 == 1 }.map { byte * 8 + $0 } }
    }
}
