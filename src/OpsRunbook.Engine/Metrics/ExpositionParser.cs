using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Metrics;

/// <summary>
/// Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0, quoted UTF-8 names included. A line that
/// cannot be read is reported and does not spoil the others.
/// </summary>
public sealed class ExpositionParser
{
    // Longest first: _gcount is not a _count.
    private static readonly string[] Suffixes = ["_created", "_bucket", "_gcount", "_count", "_total", "_gsum", "_info", "_sum"];

    private readonly Dictionary<string, ExpositionFamily> _families = new(StringComparer.Ordinal);
    private readonly List<ExpositionSample> _samples = [];
    private readonly List<(int Line, string Cause)> _faults = [];
    private readonly bool _openMetrics;

    private ExpositionParser(bool openMetrics) => _openMetrics = openMetrics;

    /// <summary>Reads a page.</summary>
    /// <param name="text">The page.</param>
    /// <param name="openMetrics">It is OpenMetrics, whose timestamps are seconds and not milliseconds.</param>
    /// <returns>Samples and faults.</returns>
    public static ExpositionPage Parse(string text, bool openMetrics)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parser = new ExpositionParser(openMetrics);
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            var trimmed = line.Trim();
            if (trimmed.Length == 0)
            {
                continue;
            }

            try
            {
                if (trimmed[0] != '#')
                {
                    parser.ReadSample(trimmed);
                }
                else if (openMetrics && trimmed is "# EOF")
                {
                    break;
                }
                else
                {
                    parser.ReadComment(trimmed);
                }
            }
            catch (FormatException error)
            {
                parser._faults.Add((number, error.Message));
            }
        }

        return new ExpositionPage(parser._samples, parser._faults);
    }

    private static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i == text.Length - 1)
            {
                plain.Append(text[i]);
                continue;
            }

            i++;
            _ = text[i] switch
            {
                'n' => plain.Append('\n'),
                '\\' or '"' => plain.Append(text[i]),
                _ => plain.Append('\\').Append(text[i]),
            };
        }

        return plain.ToString();
    }

    private static double Number(ReadOnlySpan<char> text)
    {
        var unsigned = text.TrimStart("+-");
        if (unsigned.Equals("inf", StringComparison.OrdinalIgnoreCase) || unsigned.Equals("infinity", StringComparison.OrdinalIgnoreCase))
        {
            return text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        }

        return text.Equals("nan", StringComparison.OrdinalIgnoreCase) ? double.NaN
            : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
            : throw new FormatException($"{Health.CheckResults.Quote(text.ToString())} is not a number");
    }

    private void ReadComment(ReadOnlySpan<char> line)
    {
        var scanner = new Scanner(line[1..].Trim().ToString());
        var word = scanner.Until(" \t");
        if (word is not ("HELP" or "TYPE" or "UNIT"))
        {
            return;
        }

        scanner.SkipBlanks();
        var name = scanner.Peek == '"' ? scanner.Quoted() : scanner.Until(" \t");
        var text = scanner.Rest.Trim();
        if (name.Length == 0)
        {
            return;
        }

        if (!_families.TryGetValue(name, out var family))
        {
            _families.Add(name, family = new ExpositionFamily());
        }

        switch (word)
        {
            case "HELP":
                family.Help = Unescape(text);
                break;
            case "TYPE":
                family.Type = text.ToLowerInvariant();
                break;
            default:
                family.Unit = text.Length == 0 ? null : text;
                break;
        }
    }

    private void ReadSample(ReadOnlySpan<char> line)
    {
        var scanner = new Scanner(line.ToString());
        var name = scanner.Until("{ \t");
        scanner.SkipBlanks();
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        if (scanner.Peek == '{')
        {
            name = ReadLabels(scanner, labels, name);
        }

        if (name.Length == 0)
        {
            throw new FormatException("there is no metric name");
        }

        scanner.SkipBlanks();
        var value = Number(scanner.Until(" \t"));
        scanner.SkipBlanks();

        // What stands behind a # is an exemplar.
        var time = scanner.Peek is '\0' or '#' ? null : Time(scanner.Until(" \t"));
        scanner.SkipBlanks();
        if (scanner.Peek is not ('\0' or '#'))
        {
            throw new FormatException($"{Health.CheckResults.Quote(scanner.Rest)} stands behind the sample");
        }

        _samples.Add(new ExpositionSample(name, labels, value, time, FamilyOf(name)));
    }

    private static string ReadLabels(Scanner scanner, Dictionary<string, string> labels, string name)
    {
        scanner.Expect('{');
        while (true)
        {
            scanner.SkipBlanks();
            if (scanner.Peek == '}')
            {
                scanner.Expect('}');
                return name;
            }

            var quoted = scanner.Peek == '"';
            var label = quoted ? scanner.Quoted() : scanner.Until("= \t,}");
            scanner.SkipBlanks();
            if (scanner.Peek == '=')
            {
                scanner.Expect('=');
                scanner.SkipBlanks();
                labels[label] = scanner.Quoted();
            }
            else if (quoted && name.Length == 0)
            {
                name = label;
            }
            else
            {
                throw new FormatException($"the label {Health.CheckResults.Quote(label)} has no value");
            }

            scanner.SkipBlanks();
            if (scanner.Peek != '}')
            {
                scanner.Expect(',');
            }
        }
    }

    private DateTime? Time(string text)
    {
        var since = Number(text) * (_openMetrics ? 1 : 0.001);
        return since is > -62_135_596_800 and < 253_402_300_800
            ? DateTime.UnixEpoch.AddSeconds(since)
            : throw new FormatException($"{Health.CheckResults.Quote(text)} is not a timestamp");
    }

    private ExpositionFamily FamilyOf(string name)
    {
        if (_families.TryGetValue(name, out var family))
        {
            return family;
        }

        foreach (var suffix in Suffixes)
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal) && _families.TryGetValue(name[..^suffix.Length], out family))
            {
                return family;
            }
        }

        return ExpositionFamily.Undescribed;
    }

    private sealed class Scanner(string text)
    {
        private int _at;

        public char Peek => _at < text.Length ? text[_at] : '\0';

        public string Rest => text[_at..];

        public void SkipBlanks()
        {
            while (Peek is ' ' or '\t')
            {
                _at++;
            }
        }

        public void Expect(char letter)
        {
            if (Peek != letter)
            {
                throw new FormatException($"'{letter}' is missing at {Health.CheckResults.Quote(Rest)}");
            }

            _at++;
        }

        public string Until(string ends)
        {
            var start = _at;
            while (_at < text.Length && !ends.Contains(text[_at], StringComparison.Ordinal))
            {
                _at++;
            }

            return text[start.._at];
        }

        public string Quoted()
        {
            Expect('"');
            var start = _at;
            while (_at < text.Length && text[_at] != '"')
            {
                _at += text[_at] == '\\' ? 2 : 1;
            }

            if (_at >= text.Length)
            {
                throw new FormatException("a quote is not closed");
            }

            _at++;
            return Unescape(text[start..(_at - 1)]);
        }
    }
}
