/// Letters of eight by eight pixels, for charts.
///
/// The glyphs are those of the public-domain font8x8 (Daniel Hepper, after IBM's public-domain VGA fonts).
enum ChartFont {
    /// Width and height of a letter in pixels.
    static let size = 8

    /// The rows of a printable ASCII letter, the top one first, its leftmost pixel in the highest bit; nil for others.
    static func glyph(_ byte: UInt8) -> [UInt8]? {
        guard (0x20...0x7e).contains(byte) else { return nil }
        let bits = glyphs[Int(byte) - 0x20]
        return (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
    }

    private static let glyphs: [UInt64] = [
        0x0000_0000_0000_0000, 0x183c_3c18_1800_1800, 0x6c6c_0000_0000_0000, 0x6c6c_fe6c_fe6c_6c00,
        0x307c_c078_0cf8_3000, 0x00c6_cc18_3066_c600, 0x386c_3876_dccc_7600, 0x6060_c000_0000_0000,
        0x1830_6060_6030_1800, 0x6030_1818_1830_6000, 0x0066_3cff_3c66_0000, 0x0030_30fc_3030_0000,
        0x0000_0000_0030_3060, 0x0000_00fc_0000_0000, 0x0000_0000_0030_3000, 0x060c_1830_60c0_8000,
        0x7cc6_cede_f6e6_7c00, 0x3070_3030_3030_fc00, 0x78cc_0c38_60cc_fc00, 0x78cc_0c38_0ccc_7800,
        0x1c3c_6ccc_fe0c_1e00, 0xfcc0_f80c_0ccc_7800, 0x3860_c0f8_cccc_7800, 0xfccc_0c18_3030_3000,
        0x78cc_cc78_cccc_7800, 0x78cc_cc7c_0c18_7000, 0x0030_3000_0030_3000, 0x0030_3000_0030_3060,
        0x1830_60c0_6030_1800, 0x0000_fc00_00fc_0000, 0x6030_180c_1830_6000, 0x78cc_0c18_3000_3000,
        0x7cc6_dede_dec0_7800, 0x3078_cccc_fccc_cc00, 0xfc66_667c_6666_fc00, 0x3c66_c0c0_c066_3c00,
        0xf86c_6666_666c_f800, 0xfe62_6878_6862_fe00, 0xfe62_6878_6860_f000, 0x3c66_c0c0_ce66_3e00,
        0xcccc_ccfc_cccc_cc00, 0x7830_3030_3030_7800, 0x1e0c_0c0c_cccc_7800, 0xe666_6c78_6c66_e600,
        0xf060_6060_6266_fe00, 0xc6ee_fefe_d6c6_c600, 0xc6e6_f6de_cec6_c600, 0x386c_c6c6_c66c_3800,
        0xfc66_667c_6060_f000, 0x78cc_cccc_dc78_1c00, 0xfc66_667c_6c66_e600, 0x78cc_e070_1ccc_7800,
        0xfcb4_3030_3030_7800, 0xcccc_cccc_cccc_fc00, 0xcccc_cccc_cc78_3000, 0xc6c6_c6d6_feee_c600,
        0xc6c6_6c38_386c_c600, 0xcccc_cc78_3030_7800, 0xfec6_8c18_3266_fe00, 0x7860_6060_6060_7800,
        0xc060_3018_0c06_0200, 0x7818_1818_1818_7800, 0x1038_6cc6_0000_0000, 0x0000_0000_0000_00ff,
        0x3030_1800_0000_0000, 0x0000_780c_7ccc_7600, 0xe060_607c_6666_dc00, 0x0000_78cc_c0cc_7800,
        0x1c0c_0c7c_cccc_7600, 0x0000_78cc_fcc0_7800, 0x386c_60f0_6060_f000, 0x0000_76cc_cc7c_0cf8,
        0xe060_6c76_6666_e600, 0x3000_7030_3030_7800, 0x0c00_0c0c_0ccc_cc78, 0xe060_666c_786c_e600,
        0x7030_3030_3030_7800, 0x0000_ccfe_fed6_c600, 0x0000_f8cc_cccc_cc00, 0x0000_78cc_cccc_7800,
        0x0000_dc66_667c_60f0, 0x0000_76cc_cc7c_0c1e, 0x0000_dc76_6660_f000, 0x0000_7cc0_780c_f800,
        0x1030_7c30_3034_1800, 0x0000_cccc_cccc_7600, 0x0000_cccc_cc78_3000, 0x0000_c6d6_fefe_6c00,
        0x0000_c66c_386c_c600, 0x0000_cccc_cc7c_0cf8, 0x0000_fc98_3064_fc00, 0x1c30_30e0_3030_1c00,
        0x1818_1800_1818_1800, 0xe030_301c_3030_e000, 0x76dc_0000_0000_0000,
    ]
}
