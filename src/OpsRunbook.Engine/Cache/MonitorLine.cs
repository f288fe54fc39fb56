using System.Globalization;

namespace OpsRunbook.Engine.Cache;

/// <summary>A line of <c>MONITOR</c>: <c>1339518083.107412 [0 127.0.0.1:60866] "keys" "*"</c>.</summary>
/// <param name="Time">When, UTC.</param>
/// <param name="Database">Number of the database.</param>
/// <param name="Client">Address of the client, or <c>lua</c>.</param>
/// <param name="Arguments">Name of the command and its arguments.</param>
internal sealed record MonitorLine(DateTime Time, int Database, string Client, IReadOnlyList<ReadOnlyMemory<byte>> Arguments)
{
    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <returns>Null when it is something else.</returns>
    public static MonitorLine? Parse(ReadOnlySpan<byte> line)
    {
        var (open, close) = (line.IndexOf((byte)'['), line.IndexOf((byte)']'));
        if (open < 2 || close < open
            || !decimal.TryParse(line[..(open - 1)], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds))
        {
            return null;
        }

        // An IPv6 address has brackets of its own.
        var end = line.IndexOf("] \""u8);
        close = end < 0 ? close : end;
        var where = System.Text.Encoding.UTF8.GetString(line[(open + 1)..close]).Split(' ', 2);
        return where.Length != 2 || !int.TryParse(where[0], NumberStyles.None, CultureInfo.InvariantCulture, out var database)
            ? null
            : new MonitorLine(DateTime.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)), database, where[1], Split(line[(close + 1)..]));
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlySpan<byte> text)
    {
        var arguments = new List<ReadOnlyMemory<byte>>();
        while (text.IndexOf((byte)'"') is >= 0 and var start)
        {
            text = text[(start + 1)..];
            var argument = new List<byte>();
            while (text.Length > 0 && text[0] != '"')
            {
                text = text[Unescape(text, argument)..];
            }

            arguments.Add(argument.ToArray());
            text = text.Length > 0 ? text[1..] : text;
        }

        return arguments;
    }

    // Adds one byte, and says how many of the text it took.
    private static int Unescape(ReadOnlySpan<byte> text, List<byte> argument)
    {
        if (text[0] != '\\' || text.Length < 2)
        {
            argument.Add(text[0]);
            return 1;
        }

        if (text[1] == 'x' && text.Length >= 4 && byte.TryParse(text.Slice(2, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
        {
            argument.Add(value);
            return 4;
        }

        argument.Add(text[1] switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'a' => (byte)'\a',
            (byte)'b' => (byte)'\b',
            _ => text[1],
        });
        return 2;
    }
}
