import GloveboxCore
import GloveboxTables
import Testing

@Suite struct SafetensorsTests {
    private static func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
    }

    private static func floats(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
    }

    private static let one = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#

    @Test func `equal models are the same bytes, whatever their order, metadata and spelling of numbers`() throws {
        let first = Self.file(
            #"{"__metadata__":{"note":"row 17"},"b":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
                + #""a":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}   "#,
            Self.floats([1.5, -0.0]) + [0x80, 0x3f]
        )
        let second = Self.file(
            #"{"a":{"shape":[],"data_offsets":[0,4],"dtype":"F32"},"b":{"data_offsets":[4,12],"shape":[1,2],"dtype":"F32"}}"#,
            Self.floats([1, 1.5, Float(bitPattern: 70_000)])
        )
        let models = try [first, second].map { try SafetensorsReader.read($0).rounded() }
        #expect(models[0].hadMetadata && !models[1].hadMetadata)
        let bytes = models.map { SafetensorsWriter.write($0, .bf16) }
        #expect(bytes[0] == bytes[1])
        let header =
            #"{"a":{"data_offsets":[0,2],"dtype":"BF16","shape":[]},"b":{"data_offsets":[2,6],"dtype":"BF16","shape":[1,2]}}"#
        let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
        #expect(bytes[0] == Self.file(padded, [0x80, 0x3f, 0xc0, 0x3f, 0, 0]))
        #expect(SafetensorsWriter.write(try SafetensorsReader.read(bytes[0]), .bf16) == bytes[0], "stable")
        #expect(SafetensorsWriter.write(models[0], .f32).count == bytes[0].count + 6)
    }

    @Test(
        arguments: [
            (0x3f80_8000, 0x3f80_0000), (0x3f81_8000, 0x3f82_0000), (0x3f80_8001, 0x3f81_0000), (0x8000_0000, 0),
            (0x0000_0001, 0), (0x007f_ffff, 0), (0x0080_0000, 0x0080_0000), (0xbf80_0000, 0xbf80_0000),
        ] as [(UInt32, UInt32)]
    )
    func `rounds half to even on the upper sixteen bits`(bits: UInt32, rounded: UInt32) {
        #expect(TensorNumber.rounded(bits) == rounded)
    }

    @Test func `what is not finite is refused, before and after rounding`() {
        for bits in [0x7f80_0000, 0xff80_0000, 0x7fc0_dead, 0x7f80_0001] as [UInt32] {
            #expect(TensorNumber.rounded(bits) == nil)
            let file = Self.file(Self.one, Self.floats([1, Float(bitPattern: bits)]))
            #expect(throws: FileFault.notFinite) { try SafetensorsReader.read(file) }
        }
        let large = Self.file(Self.one, Self.floats([1, .greatestFiniteMagnitude]))
        #expect(throws: FileFault.notFinite) { try SafetensorsReader.read(large).rounded() }
    }

    @Test(arguments: [
        (FileFault.json, #"{}"#), (.json, #"[]"#), (.json, #"{"a":1}"#),
        (
            .json,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
        ),
        (.json, #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"note":"x"}}"#),
        (.name, #"{"a b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#),
        (.name, #"{"é":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#),
        (.type, #"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#),
        (.shape, #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#),
        (.shape, #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#),
        (.shape, #"{"a":{"dtype":"F32","shape":[1,1,1,1,2],"data_offsets":[0,8]}}"#),
        (.shape, #"{"a":{"dtype":"F32","shape":[16777216,16777216],"data_offsets":[0,8]}}"#),
        (.offsets, #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#),
        (.offsets, #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#),
        (
            .offsets,
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
        ),
        (
            .offsets,
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[6,8]}}"#
        ),
    ])
    func `refuses other headers`(fault: FileFault, header: String) {
        #expect(throws: fault) { try SafetensorsReader.read(Self.file(header, Self.floats([1, 2]))) }
    }

    @Test func `lengths that lie, and bytes at the end, are refused`() {
        let good = Self.file(Self.one, Self.floats([1, 2]))
        #expect(throws: FileFault.offsets) { try SafetensorsReader.read(good + [0]) }
        for count in 0..<good.count {
            #expect(throws: FileFault.self) { try SafetensorsReader.read(Array(good[..<count])) }
        }
        #expect(throws: FileFault.json) { try SafetensorsReader.read([UInt8](repeating: 255, count: 8) + good) }
    }

    @Test func `answers about opaque files survive the wire, and damaged ones are refused or valid`() throws {
        let figure = OpaqueFile.Form.figure(maxPixels: 100, colours: 16)
        let good = Self.file(Self.one, Self.floats([1, 2]))
        for (form, bytes) in [(figure, PNGTests.Picture().bytes), (figure, []), (.model, good), (.model, [1])] {
            let answer = OpaqueFile.parse(bytes, as: form, maxBytes: 1000)
            let wire = OpaqueWire.encode(answer)
            #expect(try OpaqueWire.decode(wire, as: form) == answer)
            for count in 0..<wire.count {
                #expect(throws: ByteReader.invalid) { try OpaqueWire.decode(Array(wire[..<count]), as: form) }
            }
            for index in wire.indices {
                for value in [0, 1, 16, 127, 255] as [UInt8] {
                    var damaged = wire
                    damaged[index] = value
                    guard let read = try? OpaqueWire.decode(damaged, as: form) else { continue }
                    #expect(OpaqueWire.encode(read) == damaged)
                }
            }
        }
        let model = OpaqueWire.encode(OpaqueFile.parse(good, as: .model, maxBytes: 1000))
        #expect(throws: ByteReader.invalid) { try OpaqueWire.decode(model, as: figure) }
        #expect(OpaqueFile.parse(good, as: .model, maxBytes: 10) == .refused(.tooLarge))
        #expect(OpaqueFile.Form(arguments: figure.arguments) == figure && OpaqueFile.Form(arguments: [3, 0, 0]) == nil)
    }
}
