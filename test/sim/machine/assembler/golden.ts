/** What GNU as and ld 2.40 make of the corpus, without relaxation, for rv64imafdc: each section's bytes. */
export const golden: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "registers by number and by name": {
    ".text": "33800f0133058400b30f310033804000",
  },
  "integer operations": {
    ".text": "3385c5003385c5403395c50033a5c50033b5c50033c5c50033d5c50033d5c54033e5c50033f5c500",
  },
  "operations with a constant": {
    ".text": "1385058013a5f57f13b5f5ff13c5f57f13e5550013f5f500",
  },
  "operations with a constant under the name of those without": {
    ".text": "1385c50013f5c50013e5c50013c5c50013a5c50013b5c5001395c50013d5c50013d5c5401b85c5001b95c5001bd5c5001bd5c540",
  },
  words: {
    ".text": "3b85c5003b85c5403b95c5003bd5c5003bd5c5401b85b5ff1b95f5011bd515001bd50540",
  },
  "shifts by up to 63": {
    ".text": "9312f3039352030293520340",
  },
  loads: {
    ".text": "038505000395f5ff03a5350003b5550003c5f57f03d5058003e57500",
  },
  stores: {
    ".text": "2380a500a39fa5fea3a1a500a3bfa57e",
  },
  "addresses without an offset, and with an expression": {
    ".text": "884188c103a5950003a5950023bc1fff",
  },
  "upper constants": {
    ".text": "37050000fd75375100001705000097f5ffff",
  },
  "multiplication and division": {
    ".text": "3385c5023395c50233a5c50233b5c50233c5c50233d5c50233e5c50233f5c5023b85c5023bc5c5023bd5c5023be5c5023bf5c502",
  },
  atomics: {
    ".text": "2fa505102fb505102fa5c5182fb5c5182f25b6082f35b6002f25b6202f35b6602f25b6402f35b6802f25b6a02f35b6c02f25b6e0",
  },
  "atomics with an order": {
    ".text": "2fa505142fb505162fa5c51a2fb5c51e2f25b60c2f35b6022f35b6e6",
  },
  fences: {
    ".text": "0f00f00f0f00f00f0f0010030f0040080f0030020f0030830f100000",
  },
  "CSRs by name and number": {
    ".text": "7395053073a535127335001873d55f307365401073f0f0ff",
  },
  "CSR pseudo-instructions": {
    ".text": "732540f173105510732045307330453473d0113473e0213473f0313473d0083473e0081473f0181473d522147365331473f54314",
  },
  counters: {
    ".text": "732500c0f32510c0732620c0732500c0732520c0",
  },
  "hundreds of CSRs": {
    ".text":
      "7325003a7325e03a7325003b7325f03e732530b07325f0b17325f033732510c173250060732500287325006873252030732560307325a030732510f17325107a",
  },
  "the system": {
    ".text": "73000000029073002010730020307300501073000012730005127300b5127300b0120000",
  },
  "the system, long": {
    ".text": "73001000731000c013000000678000007300000073001000",
  },
  "moves and the like": {
    ".text": "01002e852e8513c5f5ff3305b0403b05b0401b85050013b515003335b00033a505003325b0003325b6003335b60013f5f50f",
  },
  "extensions by shifts": {
    ".text": "139585036195139505034195139505034191139505020191",
  },
  "branches back": {
    ".text": "6300b500e31eb5fee34cb5fee35ab5fee368b5fee376b5fe",
  },
  "branches ahead": {
    ".text": "630db500631bb5006349b5006357b5006365b5006373b5000100",
  },
  "branches against zero": {
    ".text": "01c17dfde35ea0fee35c05fee34a05fee348a0fee38602fee3940ffe",
  },
  "branches the other way round": {
    ".text": "63c0a500e3dea5fee3eca5fee3faa5fe",
  },
  jumps: {
    ".text": "01a0eff0ffff6ff5bfff6f00a000ef00600009a00100",
  },
  "jumps through registers": {
    ".text": "028567004500670085000295e700450067854500678505006785450067000500e70005008280",
  },
  calls: {
    ".text": "97000000e780a002170300006700230217030000e702a301170300006700230197000000e780c000010082808280",
  },
  addresses: {
    ".text": "1705200013054500970520009385c5ff170600001306060197062000938646ff8280",
    ".data": "0100000002000000000000000300000000000000",
  },
  "loads and stores by name": {
    ".text": "17052000032585019705200083b5050117062000034696009702200023a0a20017032000233cb3fe97032000a389c3fe",
    ".data": "[24 × 00]0500000000000000",
  },
  "halves of absolute addresses": {
    ".text": "376534121305f5ff8325f57fa32fb5fe37050000",
  },
  "halves of an address relative to the pc, by hand": {
    ".text": "17052000130505009705200003a6c5ff23aec5fe",
    ".data": "0100000002000000",
  },
  "constants of twelve bits": {
    ".text": "014505457d557d451305000201551305f0fd1305f07f13050080",
  },
  "constants of 32 bits": {
    ".text": "05651b0505807d751b05f57f0565375534121b058567370500807d3537050080370500801b050580370510007d357d6537050200",
  },
  "constants of 64 bits": {
    ".text":
      "1b0510007e051b05100002157d151b0510000215377524001b05d58a3a051305d5c432051305755e3605130505ef1b05f0ff7e151b05f0ff7e157d151b05f0ff7e1505051b05f0ff02151305008037b5deff1b05f5db3a05130535bf32051305b5bf3a051305e5ab375555051b0555553205130555553205130555553205130555551b05100022151b05f0ff7e150505370500807d359b0f1000921f",
  },
  "constants from symbols": {
    ".text": "154505651b05853805651b0595389505156696062247",
  },
  "symbols with a new value": {
    ".text": "054509451d4507000000",
    ".data": "07000000",
  },
  "a symbol that is defined later": {
    ".text": "1100000004000000",
  },
  expressions: {
    ".text":
      "0700000009000000030000000e00000002000000f2fffffffeffffff10000000100000000f000000020000000700000005000000faffffff0500000001000000000000000500000007000000060000001e0000000800000002000000ffffffff00000000ffffffffffffffff00000000ffffffff00000000ffffffffffffffff01000000000000000100000000000000ffffffff01000000[20 × ff]00000000000000800000000000000080",
  },
  "numbers in all bases": {
    ".text":
      "0a0000001f0000002e0000000b000000010000000f00000000000000610000007a000000200000000a0000005c000000090000003000000061622300",
  },
  "data of all sizes": {
    ".text":
      "01ffff800100ffffffff0500060001000000ffffffffffffffff0700000008000000090000000100000000000000ffffffffffffffff02000000000000000300000000000000",
  },
  strings: {
    ".text": "61626364656600670068000a095c22414100656e640000613b6223632f2f6400",
  },
  "a string of several": {
    ".text": "61626364656678790000",
  },
  space: {
    ".data": "000000010707070707020000000003",
  },
  fills: {
    ".text":
      "0000003412341234127856341278563412f0debc9a00000000f0debc9a00000000eeeeeeeeee0700000000000000070000000000000033221133221133221100",
  },
  "large space": {
    ".data": "01[5000 × 03]02a086318000000000",
  },
  "alignment of data": {
    ".data": "010000000000000002000000030004aa05bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0607000000000000080934120a",
  },
  "alignment of code": {
    ".text": "010001001300000013000000130000003385c50001000100010001001300000001003385c50001001300000013000000",
  },
  "alignment of code without short instructions": {
    ".text":
      "130000001300000013000000130000003385c5003385c50013000000130000003385c50013000000130000001300000013000000130000001300000013000000",
  },
  "alignment of code with a fill": {
    ".text": "0100555555555555555555555555555501000000000000000100010013000000",
  },
  "alignment of code with a limit": {
    ".text": "01000100130000000100010013000000",
  },
  "data in code": {
    ".text": "0100010100050006000000001300000018000080000000008280010013000000",
  },
  "sections by name": {
    ".text": "01008280",
    ".rodata": "02000000",
    ".data": "0100000003000000",
  },
  "sections with flags": {
    ".text": "0100",
    ".rodata": "01000000",
    ".data": "02000000",
  },
  "nested sections": {
    ".text": "01008280",
    ".rodata": "02000000",
    ".data": "0100000003000000",
  },
  "the section before": {
    ".text": "01008280",
    ".data": "0100000002000000",
  },
  "symbols across sections": {
    ".text": "170510001305050097053000938585ff000010800000000000003080000000000000008000000000",
    ".rodata": "68656c6c6f00",
  },
  differences: {
    ".text": "0100010002000000040000000c0000000c0000001b00000017001900",
    ".data": "1b00000000000000",
  },
  "the place itself": {
    ".text": "00000000000000000800008001a06304b50075fdef004000",
  },
  "numbered labels": {
    ".text": "0100fdbf09a00100fdbf01c111e109a08280",
  },
  "numbered labels of many digits": {
    ".text": "11a0fdbffdbf",
  },
  "labels on one line": {
    ".text": "01008280000000000000000002000000",
  },
  "statements on one line": {
    ".text": "010001008280010000000203",
  },
  comments: {
    ".text": "010082800100828001003385c5006e6f202f2a20636f6d6d656e74202a2f2023206865726500",
  },
  "spaces and tabs": {
    ".text": "3385c500c84101000500000005000000",
  },
  "names with dots and dollars": {
    ".text": "0100fdbffdbf04000000",
  },
  "a macro": {
    ".text": "2a95fe9f",
  },
  "a macro with several parameters": {
    ".text": "3385c5003385c5003305b600",
  },
  "a macro with defaults": {
    ".text": "070102020207070907070707",
  },
  "a macro that counts": {
    ".text": "11c1010011c1010011c10100",
  },
  "a macro that joins names": {
    ".text": "0100000002000000fcffffff",
  },
  "a macro that calls a macro": {
    ".text": "01020300",
  },
  "a macro that calls itself": {
    ".text": "040302010000",
  },
  "a macro that defines a macro": {
    ".text": "01020100",
  },
  "a macro with what is left": {
    ".text": "01020304",
  },
  "a macro that is left early": {
    ".text": "01010200",
  },
  "a macro with a string": {
    ".text": "68656c6c6f0074776f20776f72647300",
  },
  "a macro with an address": {
    ".text": "12450c415045",
  },
  "a macro taken back": {
    ".text": "0102",
  },
  "save and restore registers by macro": {
    ".text": "611106e0611122e002642101826021018280",
  },
  "a repetition": {
    ".text": "010001020100010201000102",
  },
  "a repetition that counts": {
    ".text": "000102030400",
  },
  "repetitions in each other": {
    ".text": "0102020201020202",
  },
  "a repetition over words": {
    ".text": "050585058509010000000200000003000000",
  },
  "a repetition over letters": {
    ".text": "0102030461626300",
  },
  "registers saved by a repetition": {
    ".text": "06e016e41ae81eec72f0",
  },
  conditions: {
    ".text": "01030507",
  },
  "conditions in each other": {
    ".text": "0200",
  },
  "conditions on symbols": {
    ".text": "01040500",
  },
  "conditions on numbers": {
    ".text": "01030406",
  },
  "conditions on distances": {
    ".text": "0000000000010300",
  },
  "conditions on words": {
    ".text": "01020300",
  },
  "mistakes in what is left out": {
    ".text": "0100",
  },
  "short forms chosen": {
    ".text": "050501151305050200080a8439717d61130101201525154505650d810d858e021d890d8d2d8d4d8d6d8d0d9d2d9d9a829a92",
  },
  "short loads and stores chosen": {
    ".text": "8841e85d03a5050803a52500e87d03b50510fe5283220110fe72e8dde8fd96df96ff233051208322050003a50200",
  },
  "short forms not chosen": {
    ".text":
      "13005000130005002a8513150500135505003711000037100000130010001305000033050000338505003300a0003385a54003200100678000006f004000",
  },
  "operands that may change places": {
    ".text": "2e956d8d4d8d2d8d2d9d3b85a5409a92",
  },
  "short forms written out": {
    ".text":
      "0808c8418865c8c188e50100150501257d5505610d65058109850d890d8d2d8d4d8d6d8d0d9d2d9d92029242a26282829a82029082929a9216c216e40000",
  },
  "short branches written out": {
    ".text": "01a07ddd91e109a0",
  },
  "short forms switched off and on": {
    ".text": "050513051500130000000505050513051500",
  },
  "options of the architecture": {
    ".text": "130515000505",
  },
  "branches at the edges of short ones": {
    ".text": "[254 × 00]09d1[256 × 00]01d16300051[252 × 00]06301051[254 × 00]06302051[256 × 00]08280",
  },
  "jumps at the edges of short ones": {
    ".text": "[2046 × 00]09b[2049 × 00]1b[2050 × 00]06ff0efff6f001[2045 × 00]06f003[2047 × 00]06f005[2049 × 00]08280",
  },
  "branches at the edges of long ones": {
    ".text":
      "[4094 × 00]6301b58[4096 × 00]06300b58[4098 × 00]06314b5006fe0bfff6314b5006f00f07f[4090 × 00]6314b5006f1[4094 × 00]06374b5006f102[4095 × 00]08280",
  },
  "far branches of every kind": {
    ".text":
      "6314b5006f10603e6304b5006f10e03d6354b5006f10603d6344b5006f10e03c6374b5006f10603c6364b5006f10e03b19e16f10803b19c16f10203b635405006f10a03a6354a0006f10203a639402006f10a03919e16f10403963d4a5006f10c038[5000 × 00]8280",
  },
  "far branches without short forms": {
    ".text": "631405006f10003a630405006f1080396314b5006f1000396f10c038[5000 × 00]631005006ff0dfff",
  },
  "branches that push each other out": {
    ".text": "63050510630305106301051[240 × 00]099c509b700000000000000000000e30b05eee31905ee",
  },
  "branches around alignment": {
    ".text":
      "6300051013000000e5cd010013000000130000001300000013000000130000001300000013000000130000001300000013000000130000001300000013[183 × 00]13000000130000001300000001f10100130000001300000013000000130000001300000013000000130000001300000013000000130000001300000013000000130000001300000013000000",
  },
  "branches to other sections": {
    ".text": "01006ff0f77f6314b5006ff0777f631405006ff0f77e97000800e780a0fe8280",
    ".text.other": "6f00e8818280",
  },
  "a weak symbol": {
    ".text": "01006ff0ffff631405006ff07fff0000000000000000",
  },
  "common symbols": {
    ".text": "17053000130585000100",
  },
  "what compilers write": {
    ".text": "411106e4b717000003a50700a26041018280",
  },
  "symbols with types and sizes": {
    ".text": "01000100010004000000",
  },
  "an origin in the section": {
    ".data": "010000000000000002ffffffffffffff030000000004",
  },
  "floating-point numbers": {
    ".text": "0000c03f000010c0f90215506e861bf0f9210940000000000000008059f3f8c21f6ea501cdcccc3d",
  },
  LEB128: {
    ".text": "00017f8001ac02ffffffff0f007f3fc00040bf7fe807",
  },
  "a sum": {
    ".text": "0145a9452e95fd15f5fd0290",
  },
  factorial: {
    ".text": "411106e422e02a848942634a55007d1597000000e78000ff3305850211a005450264a26041018280",
  },
  "string length": {
    ".text": "aa8203c30200630403008502ddbf3385a2408280",
  },
  "a spin lock": {
    ".text": "8542af22550ce39e02fe82802f20050a8280",
  },
  "compare and swap": {
    ".text": "af3205146398b200af32c51ae39a02fe0145828005458280",
  },
  "a trap handler": {
    ".text":
      "73110134117102e402ec02f002f402f802fc82e082e482e882ec82f082f482f882fc02e102e502e902ed02f102f502f902fd82e182e582e982ed82f182f582f982fd73252034f325103497000000e780000173110134730020308280",
  },
  "a system call": {
    ".text": "0545970510009385e5ff19469308000473000000",
    ".rodata": "68656c6c6f0a",
  },
  "a jump table": {
    ".text": "97021000938202000e05aa9283b2020082820545828009458280",
    ".rodata": "12000080000000001600008000000000",
  },
  "relative jump tables": {
    ".text": "010082808280",
    ".rodata": "0200000004000000faffefff",
  },
  "a page table": {
    ".data": "0104[8190 × 00]",
  },
  "a UART": {
    ".text": "b702001003c3520013730302e30c03fe2380a2008280",
  },
  "privileges dropped": {
    ".text": "89629b82028073b0023085629b82028073a002309702000093820201739012347300203073000000f5bf",
  },
  "matrix product": {
    ".text": "0144814401498142131324004a93b30363029e920509114ee348c9ff8504e3c3c4ff0504e34fc4fd8280",
  },
  "128 bits": {
    ".text": "3295b332c500b69596953305a040b332a00093c5f5ff8280",
  },
  "many calls and branches": {
    ".text": "97000000e780a00011c597000000e780a0007df597000000e780c0fefdb717030000670063ff",
  },
  "an end that ends": {
    ".text": "0100",
  },
  "floating-point operations": {
    ".text": "53f5c50053f5c50a5395c51053b0b41b53f505585385055a5385c5285395c52a43f5c5684ba5c56a5385c5205395c52253a5c520",
  },
  "floating-point conversions": {
    ".text":
      "537505c0531515c0537525c2534535c2537505d0532535d0530505d2530515d2537525d253f5154053850542530505e0530505f0530505e2530505f2530505e0530505f0",
  },
  "floating-point comparisons": {
    ".text": "5325b5a05315b5a25305b5a05395a5a05385a5a2531505e0531505e2",
  },
  "floating-point loads and stores": {
    ".text": "0725450008252722a50008a5422002a8073005019702200007a5c2fe9702200007b542fe9702200027bea2fc",
    ".data": "000000000000f03f",
  },
  "floating-point pseudo-instructions": {
    ".text":
      "5385b5205385b5225395b5205395b52253a5b52053a5b52273253000731035007395350073252000731025007395250073251000731015007395150073d0210073501200",
  },
  "short floating-point forms written out": {
    ".text": "082508a5222002a4",
  },
  "greatest common divisor": {
    ".text": "91c5b372b5022e859685ddbf8280",
  },
  "copying memory": {
    ".text": "11caaa8203c3050023806200850585027d166dfa8280",
  },
  "a stack in .bss": {
    ".text": "171130001301010097000000e780a00001a08280",
  },
  "population count": {
    ".text": "814219c51303f5ff337565008502d5bf16858280",
  },
  "bits by expressions": {
    ".text": "9b02f0fffe12170320001303a3ff1353c300b3e262007390021873000012",
    ".data": "[4096 × 00]",
  },
  "CRC-32": {
    ".text":
      "fd5279631b0313b73e031303033285c583430500b3c27200214e93fe12009bd2120063840e00b3c262007d1ee3170efe0505fd15e9bf13c5f2ff8280",
  },
  "two harts part ways": {
    ".text": "f32240f163970200170130001301813f21a073005010f5bf8280",
  },
  "a vector of handlers": {
    ".text":
      "29a0010029a0010029a0730020307300203073002010010013000000130000001300000013000000130000001300000013000000130000001300000013000000",
  },
  "macros over tables": {
    ".text": "01036164640208737562747261637403076d756c20646976",
  },
  "a load-reserved loop with a limit": {
    ".text": "93034006af2205103383b2002f2e651863050e00fd13e34770fe8280",
  },
  "quicksort's partition": {
    ".text": "aa8203b30500635fb500833305006349730003be020023b072002330c501a1022105d5b716858280",
  },
  "tables by nested repetition": {
    ".text": "001020300111213102122232",
  },
  "words around a label": {
    ".text": "17052000130585019705200093858501",
    ".data": "0000208000000000180020800000000020002080000000001800000008000000",
  },
  "a delay by a macro with a label": {
    ".text": "9302803efd12e39f02fe130320037d13e31f03fec9639b835334fd13e39f03fe",
  },
};
