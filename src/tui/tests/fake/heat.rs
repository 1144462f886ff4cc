//! The heatmap of the design: which token each exit puts first at each position, and how probable the text's token is.

/// A position: the text's token, the exits' top tokens from original downwards (with how many exits in a row have them),
/// and the level of the text's token at each exit: eighths, blank under 1/16.
pub(super) type Place = (&'static str, &'static [(&'static str, usize)], &'static str);

/// Tokens of the prompt.
pub(super) const PROMPT: usize = 7;

/// Positions 0 to 32; the last is the open slot. 28 to 32 are not drawn in the design: they follow its ribbon.
pub(super) const PLACES: [Place; 33] = [
    ("hum", &[], ""),
    ("pty", &[("an", 5), (",", 8)], "             "),
    (" d", &[(" d", 4), (",", 9)], "▅▅▃▂▁        "),
    ("um", &[("um", 8), ("ad", 4), (" was", 1)], "██▆▅▄▄▃▁     "),
    ("pty", &[("pty", 10), ("b", 2), (" was", 1)], "▇▇▇▆▅▅▄▄▃▁   "),
    (" sat", &[(" sat", 2), (",", 11)], "▂▂▁          "),
    (" on", &[(" on", 10), (" in", 2), (",", 1)], "▅▅▅▄▄▄▃▃▃▂▁  "),
    (" a", &[(" the", 13)], "▂▂▂▁▁▁▁▁▁▁▁  "),
    (" wall", &[(" wall", 5), (" chair", 2), (" table", 1), (" small", 1), (" lot", 4)], "▃▃▂▂▁        "),
    (",", &[(",", 10), (".", 3)], "▂▃▂▂▂▂▂▁▁▁▁  "),
    (" hum", &[(" hum", 2), (" and", 11)], "▂▂▁          "),
    ("pty", &[("pty", 11), (" of", 2)], "███▇▆▅▅▄▄▄▄  "),
    (" d", &[(" d", 10), (",", 3)], "██▆▆▆▅▄▄▃▁   "),
    ("um", &[("um", 12), (" and", 1)], "██▇▇▆▆▅▅▄▄▄  "),
    ("pty", &[("pty", 12), (" I", 1)], "▇█▇▆▆▆▅▅▄▄▄▃ "),
    (" had", &[(" had", 5), (",", 8)], "▃▃▂▂▁        "),
    (" a", &[(" a", 11), (" been", 2)], "▅▆▅▅▅▄▃▃▃▂▁  "),
    (" great", &[(" great", 5), (" lot", 8)], "▅▅▃▂▁        "),
    (" fall", &[(" fall", 7), (" deal", 6)], "▇▇▅▄▄▃▁      "),
    (".", &[(".", 8), (",", 5)], "▄▃▃▃▂▂▂▁     "),
    ("\n", &[("\n", 7), ("The", 6)], "▃▃▂▂▂▂▁      "),
    ("All", &[("\n", 13)], "▂▂▁▁         "),
    (" the", &[(" the", 11), (" of", 2)], "▇▇▇▆▅▅▅▄▄▄▃  "),
    (" king", &[(" king", 6), (" people", 2), (" same", 1), (" people", 1), (".", 1), ("\n", 2)], "▇▇▅▄▃▁       "),
    ("'s", &[("'s", 11), (" of", 2)], "██▇▇▆▅▅▄▄▃▁  "),
    (" horses", &[(" horses", 6), (" own", 4), (",", 3)], "▇▇▆▄▃▁       "),
    (" and", &[(" and", 11), (",", 2)], "▆▆▆▆▅▅▄▃▃▃▃  "),
    (" all", &[(" all", 6), (" the", 7)], "██▆▅▄▃▁      "),
    (" the", &[(" the", 11), (" of", 2)], "███▇▇▆▆▅▄▄▃  "),
    (" king", &[(" king", 7), (" same", 6)], "██▇▆▅▄▃▁     "),
    ("'s", &[("'s", 12), (" of", 1)], "███▇▇▆▆▅▅▄▄▃ "),
    (" men", &[(" men", 5), (" horses", 3), (" own", 5)], "▇▇▆▅▃▁       "),
    (" could", &[(" could", 4), (" were", 3), (",", 6)], "▆▆▅▄▂▁       "),
];
