using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace OpsRunbook.Engine.Logs.Formats;

/// <summary>One request of a web server's log.</summary>
internal ref struct AccessLine
{
    private static readonly SearchValues<byte> OfAddresses = SearchValues.Create("0123456789abcdefABCDEF.:"u8);

    /// <summary>Virtual host in front of the line; empty for none.</summary>
    public ReadOnlySpan<byte> Server;

    /// <summary>Address of the client: the field of the format, which the client cannot write.</summary>
    public ReadOnlySpan<byte> Client;

    /// <summary>User that logged in; empty or a hyphen for none.</summary>
    public ReadOnlySpan<byte> User;

    /// <summary>UTC ticks.</summary>
    public long Time;

    /// <summary>The request line as it was sent.</summary>
    public ReadOnlySpan<byte> Request;

    /// <summary>Where the request line begins in the record.</summary>
    public int RequestStart;

    /// <summary>Method; empty when the request line is none.</summary>
    public ReadOnlySpan<byte> Method;

    /// <summary>Path with its query.</summary>
    public ReadOnlySpan<byte> Path;

    /// <summary>Protocol with its version.</summary>
    public ReadOnlySpan<byte> Protocol;

    /// <summary>Status code.</summary>
    public int Status;

    /// <summary>Bytes sent; -1 when the line does not say.</summary>
    public long Bytes;

    /// <summary>Page that led there.</summary>
    public ReadOnlySpan<byte> Referer;

    /// <summary>The client's own description.</summary>
    public ReadOnlySpan<byte> Agent;

    /// <summary>How long the request took in seconds; NaN when the line does not say.</summary>
    public double Seconds;

    /// <summary>Reads a line in the common or combined format, with a virtual host before it or a duration behind it.</summary>
    /// <param name="text">The line.</param>
    /// <param name="clock">Turns its time into UTC.</param>
    /// <param name="line">What was read.</param>
    /// <returns>False when it is another format.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, LogClock clock, out AccessLine line)
    {
        line = new AccessLine { Bytes = -1, Seconds = double.NaN };

        // Quotes are escaped in every field that a client can write. So the first one that is not begins the request, and what stands
        // in brackets before it is the time, whatever a user name looks like.
        var quote = Quote(text, 0);
        if (quote < 4 || text[quote - 1] != (byte)' ' || text[quote - 2] != (byte)']')
        {
            return false;
        }

        var front = text[..(quote - 2)];
        var bracket = front.LastIndexOf((byte)'[');
        if (bracket < 2 || !clock.TryReadWhole(front[(bracket + 1)..], out line.Time) || !TryFront(front[..bracket], ref line))
        {
            return false;
        }

        var end = Quote(text, quote + 1);
        if (end < 0)
        {
            return false;
        }

        line.RequestStart = quote + 1;
        line.Request = text[(quote + 1)..end];
        line.SplitRequest();
        var at = end + 1;
        if (text.Length < at + 4 || text[at] != (byte)' ' || !Utf8Parser.TryParse(text.Slice(at + 1, 3), out line.Status, out var used) || used != 3 || line.Status < 100)
        {
            return false;
        }

        at += 4;
        var rest = text[at..].TrimStart((byte)' ');
        if (Utf8Parser.TryParse(rest, out long bytes, out used) && bytes >= 0)
        {
            line.Bytes = bytes;
            rest = rest[used..];
        }
        else if (!rest.IsEmpty && rest[0] == (byte)'-')
        {
            line.Bytes = 0;
            rest = rest[1..];
        }

        ReadRest(rest, ref line);
        return true;
    }

    /// <summary>Reads a request that was logged as JSON: by nginx, or by an application (pino-http, morgan, Serilog) with its usual names.</summary>
    /// <param name="text">The line.</param>
    /// <param name="line">What was read, but for the time.</param>
    /// <returns>False when it has no status code or no path.</returns>
    public static bool TryReadJson(ReadOnlySpan<byte> text, out AccessLine line)
    {
        line = new AccessLine { Bytes = -1, Seconds = double.NaN };
        line.ReadMembers(new JsonLine(text));
        return line.Status is >= 100 and < 1000 && !line.Path.IsEmpty;
    }

    /// <summary>Reads a request from the fields of a finished record, whatever its format was.</summary>
    /// <param name="record">The record.</param>
    /// <param name="line">What was read.</param>
    /// <returns>False when it has no status code, or neither path nor client.</returns>
    public static bool TryRead(LogRecord record, out AccessLine line)
    {
        line = new AccessLine { Bytes = -1, Seconds = double.NaN, Time = record.Time?.Ticks ?? 0 };
        foreach (var (name, value) in record.Fields)
        {
            var text = Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;
            line.ReadMember(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(text), value is string, depth: 0);
        }

        return line.Status is >= 100 and < 1000 && !(line.Path.IsEmpty && line.Client.IsEmpty);
    }

    /// <summary>Takes <see cref="Request"/> apart.</summary>
    public void SplitRequest()
    {
        var first = Request.IndexOf((byte)' ');
        if (first <= 0 || Request[..first].ContainsAnyExceptInRange((byte)'A', (byte)'Z'))
        {
            return;
        }

        var last = Request.LastIndexOf((byte)' ');
        Method = Request[..first];
        var hasProtocol = last > first && Request[(last + 1)..].StartsWith("HTTP/"u8);
        Path = hasProtocol ? Request[(first + 1)..last] : Request[(first + 1)..];
        Protocol = hasProtocol ? Request[(last + 1)..] : default;
    }

    // Applications put request and response into objects of their own.
    private void ReadMembers(JsonLine members, int depth = 0)
    {
        while (members.Next())
        {
            ReadMember(members.Name, members.Value, members.IsString, depth);
        }
    }

    private void ReadMember(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool isString, int depth)
    {
        if (name.SequenceEqual("status"u8) || name.SequenceEqual("statusCode"u8) || name.SequenceEqual("status_code"u8))
        {
            Status = Utf8Parser.TryParse(value, out int status, out _) ? status : Status;
        }
        else if (name.SequenceEqual("method"u8) || name.SequenceEqual("request_method"u8))
        {
            Method = value;
        }
        else if (name.SequenceEqual("request"u8) && isString)
        {
            Request = value;
            SplitRequest();
        }
        else if ((name.SequenceEqual("url"u8) || name.SequenceEqual("uri"u8) || name.SequenceEqual("request_uri"u8) || name.SequenceEqual("path"u8)) && isString && Path.IsEmpty)
        {
            Path = value;
        }
        else if (name.SequenceEqual("remote_addr"u8) || name.SequenceEqual("client"u8) || name.SequenceEqual("ip"u8) || name.SequenceEqual("clientIp"u8) || name.SequenceEqual("remoteAddress"u8))
        {
            Client = value;
        }
        else if (name.SequenceEqual("bytes"u8) || name.SequenceEqual("body_bytes_sent"u8) || name.SequenceEqual("bytes_sent"u8) || name.SequenceEqual("size"u8))
        {
            Bytes = Utf8Parser.TryParse(value, out long bytes, out _) ? bytes : Bytes;
        }
        else if (name.SequenceEqual("request_time"u8) || name.SequenceEqual("seconds"u8))
        {
            Seconds = Number(value);
        }
        else if (name.SequenceEqual("responseTime"u8) || name.SequenceEqual("duration_ms"u8) || name.SequenceEqual("durationMs"u8) || name.SequenceEqual("elapsed_ms"u8) || name.SequenceEqual("response_time"u8))
        {
            Seconds = Number(value) / 1000;
        }
        else if ((name.SequenceEqual("req"u8) || name.SequenceEqual("res"u8) || name.SequenceEqual("request"u8) || name.SequenceEqual("response"u8)) && depth == 0 && value.StartsWith("{"u8))
        {
            ReadMembers(new JsonLine(value), depth + 1);
        }
    }

    private static bool TryFront(ReadOnlySpan<byte> front, ref AccessLine line)
    {
        var first = front.IndexOf((byte)' ');
        if (first <= 0)
        {
            return false;
        }

        var second = front[(first + 1)..].IndexOf((byte)' ');
        if (second < 0)
        {
            return false;
        }

        second += first + 1;
        line.Client = front[..first];
        var rest = front[(second + 1)..];

        // "site.example:443 203.0.113.7 - -": where a client's identity would be stands an address.
        var word = front[(first + 1)..second];
        if (word.Length > 2 && word.IndexOfAny(".:"u8) >= 0 && rest.StartsWith("- "u8) && word.IndexOfAnyExcept(OfAddresses) < 0)
        {
            line.Server = line.Client;
            line.Client = word;
            rest = rest[2..];
        }

        line.User = rest.TrimEnd((byte)' ');
        return line.Client.IndexOf((byte)'"') < 0;
    }

    private static void ReadRest(ReadOnlySpan<byte> rest, ref AccessLine line)
    {
        var last = 0L;
        var quoted = 0;
        while (true)
        {
            rest = rest.TrimStart((byte)' ');
            if (rest.IsEmpty)
            {
                break;
            }

            if (rest[0] == (byte)'"')
            {
                var end = Quote(rest, 1);
                end = end < 0 ? rest.Length : end;
                var text = rest[1..end];
                line.Referer = quoted == 0 ? text : line.Referer;
                line.Agent = quoted == 1 ? text : line.Agent;
                quoted++;
                rest = rest[Math.Min(end + 1, rest.Length)..];
                continue;
            }

            var length = rest.IndexOf((byte)' ');
            var word = length < 0 ? rest : rest[..length];
            rest = rest[word.Length..];
            var name = word.IndexOf((byte)'=');
            if (name > 0)
            {
                var key = word[..name];
                if (double.IsNaN(line.Seconds) && (key.SequenceEqual("rt"u8) || key.SequenceEqual("request_time"u8) || key.SequenceEqual("duration"u8)))
                {
                    line.Seconds = Number(word[(name + 1)..]);
                }

                continue;
            }

            // nginx's $request_time has three decimals; Apache's %D is whole microseconds and stands last.
            if (double.IsNaN(line.Seconds) && word.Contains((byte)'.'))
            {
                line.Seconds = Number(word);
            }
            else
            {
                last = rest.IsEmpty && Utf8Parser.TryParse(word, out long number, out var used) && used == word.Length ? number : 0;
            }
        }

        if (double.IsNaN(line.Seconds) && last > 0)
        {
            line.Seconds = last / 1e6;
        }
    }

    // Digits with a point and nothing else; the general parser takes longer than the rest of the line.
    private static double Number(ReadOnlySpan<byte> word)
    {
        var (value, unit, isBroken) = (0L, 1L, false);
        foreach (var letter in word)
        {
            if (letter == (byte)'.' && !isBroken)
            {
                isBroken = true;
                continue;
            }

            if (letter is < (byte)'0' or > (byte)'9' || value > long.MaxValue / 100)
            {
                return double.NaN;
            }

            value = (value * 10) + letter - '0';
            unit *= isBroken ? 10 : 1;
        }

        return word.IsEmpty || value / unit > 1_000_000 ? double.NaN : (double)value / unit;
    }

    // The next quote that has no backslash before it.
    private static int Quote(ReadOnlySpan<byte> text, int from)
    {
        for (var at = from; at < text.Length;)
        {
            var found = text[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                return -1;
            }

            at += found;
            if (text[at] == (byte)'"')
            {
                return at;
            }

            at += 2;
        }

        return -1;
    }
}
