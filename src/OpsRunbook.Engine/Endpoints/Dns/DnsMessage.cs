using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;

namespace OpsRunbook.Engine.Endpoints.Dns;

/// <summary>Questions and answers on the wire (RFC 1035, RFC 6891).</summary>
internal static class DnsMessage
{
    private const int HeaderBytes = 12;
    private const int InternetClass = 1;
    private const int ExtensionType = 41;
    private const int ExtensionBytes = 11;
    private const ushort PayloadBytes = 1232;
    private const int MaximumJumps = 64;

    /// <summary>Writes a question.</summary>
    /// <param name="id">Number that the answer must carry.</param>
    /// <param name="name">The name.</param>
    /// <param name="type">The type.</param>
    /// <param name="extended">Offer room for a larger answer (EDNS).</param>
    /// <returns>The message.</returns>
    /// <exception cref="OpsException"><c>Dns.NameInvalid</c>.</exception>
    public static byte[] Question(ushort id, string name, DnsRecordType type, bool extended)
    {
        var labels = Labels(name);
        var message = new byte[HeaderBytes + labels.Length + 4 + (extended ? ExtensionBytes : 0)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = 1; // recursion desired
        message[5] = 1; // one question
        labels.CopyTo(message, HeaderBytes);
        var at = HeaderBytes + labels.Length;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), InternetClass);
        if (extended)
        {
            message[11] = 1;
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 5), ExtensionType);
            BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 7), PayloadBytes);
        }

        return message;
    }

    /// <summary>Says whether a message answers a question: same number, marked as an answer, same name and type.</summary>
    /// <param name="message">What arrived.</param>
    /// <param name="question">What was asked.</param>
    /// <returns>False for a stray or forged message.</returns>
    public static bool Answers(ReadOnlySpan<byte> message, ReadOnlySpan<byte> question)
    {
        if (message.Length < HeaderBytes || message[0] != question[0] || message[1] != question[1] || (message[2] & 0x80) == 0)
        {
            return false;
        }

        var end = question[HeaderBytes..].IndexOf((byte)0) + HeaderBytes + 5;

        // A server that could not read the question need not repeat it.
        return BinaryPrimitives.ReadUInt16BigEndian(message[4..]) == 0
            ? (message[3] & 0x0f) != DnsAnswer.Success
            : message.Length >= end && Ascii.EqualsIgnoreCase(message[HeaderBytes..(end - 4)], question[HeaderBytes..(end - 4)])
                && message[(end - 4)..end].SequenceEqual(question[(end - 4)..end]);
    }

    /// <summary>Reads an answer.</summary>
    /// <param name="message">The message.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="InvalidDataException">The message is damaged.</exception>
    public static DnsAnswer Read(ReadOnlySpan<byte> message)
    {
        try
        {
            var at = HeaderBytes;
            for (var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]); questions > 0; questions--)
            {
                ReadName(message, ref at);
                at += 4;
            }

            var records = new List<DnsRecord>();
            for (var answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); answers > 0; answers--)
            {
                var truncated = (message[2] & 2) != 0;
                if (truncated && at >= message.Length)
                {
                    break;
                }

                var name = ReadName(message, ref at);
                var type = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
                var ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
                var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
                at += 10;
                records.Add(new DnsRecord(name, type, TimeSpan.FromSeconds(ttl), Value(message, at, length, type)));
                at += length;
            }

            return new DnsAnswer(message[3] & 0x0f, records, (message[2] & 2) != 0);
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException or ArgumentException)
        {
            throw new InvalidDataException("The answer ends in the middle.", error);
        }
    }

    /// <summary>The name to ask for: an address becomes its reverse name.</summary>
    /// <param name="name">Name or address.</param>
    /// <param name="type">Type of the question.</param>
    /// <returns>The name.</returns>
    public static string NameFor(string name, DnsRecordType type)
    {
        if (type != DnsRecordType.PTR || !IPAddress.TryParse(name, out var address))
        {
            return name;
        }

        var bytes = Enumerable.Reverse(address.GetAddressBytes()).ToList();
        return bytes.Count == 4
            ? string.Join('.', bytes) + ".in-addr.arpa"
            : string.Join('.', bytes.SelectMany(each => new[] { (each & 15).ToString("x"), (each >> 4).ToString("x") })) + ".ip6.arpa";
    }

    private static byte[] Labels(string name)
    {
        string ascii;
        try
        {
            ascii = name.All(char.IsAscii) ? name : new IdnMapping { AllowUnassigned = true }.GetAscii(name);
        }
        catch (ArgumentException error)
        {
            throw Invalid(name, error);
        }

        ascii = ascii.EndsWith('.') ? ascii[..^1] : ascii;
        var labels = ascii.Length == 0 ? [] : ascii.Split('.');
        if (ascii.Length > 253 || Array.Exists(labels, label => label.Length is 0 or > 63 || label.Any(letter => letter is <= ' ' or >= '\x7f')))
        {
            throw Invalid(name);
        }

        return [.. labels.SelectMany(label => Encoding.ASCII.GetBytes(label).Prepend((byte)label.Length)), 0];
    }

    private static OpsException Invalid(string name, Exception? inner = null) => new(
        "Dns.NameInvalid",
        OpsErrorKind.InvalidArgument,
        $"'{name}' cannot be a domain name.",
        "A name is made of parts of at most 63 characters separated by dots, such as www.example.org.",
        name,
        inner);

    private static string Value(ReadOnlySpan<byte> message, int at, int length, DnsRecordType type)
    {
        var data = message.Slice(at, length);
        switch (type)
        {
            case DnsRecordType.A when length == 4:
            case DnsRecordType.AAAA when length == 16:
                return new IPAddress(data).ToString();
            case DnsRecordType.NS or DnsRecordType.CNAME or DnsRecordType.PTR:
                return ReadName(message, ref at);
            case DnsRecordType.MX:
                var preference = BinaryPrimitives.ReadUInt16BigEndian(data);
                at += 2;
                return $"{preference} {ReadName(message, ref at)}";
            case DnsRecordType.TXT:
                var text = new List<byte>();
                while (data.Length > 0)
                {
                    text.AddRange(data.Slice(1, data[0]));
                    data = data[(data[0] + 1)..];
                }

                return Encoding.UTF8.GetString([.. text]);
            default:
                return string.Empty;
        }
    }

    private static string ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        var name = new StringBuilder();
        var position = at;
        var jumps = 0;
        while (true)
        {
            int length = message[position++];
            if (length >= 0xc0)
            {
                // Pointers that lead in a circle would never end.
                if (++jumps > MaximumJumps)
                {
                    throw new InvalidDataException("A name in the answer points to itself.");
                }

                var to = ((length & 0x3f) << 8) | message[position++];
                at = jumps == 1 ? position : at;
                position = to;
                continue;
            }

            if (length > 63)
            {
                throw new InvalidDataException("A name in the answer has an impossible part.");
            }

            if (length == 0)
            {
                at = jumps == 0 ? position : at;
                return name.Length > 0 ? name.ToString() : ".";
            }

            if (name.Length + length > 1100)
            {
                throw new InvalidDataException("A name in the answer is too long.");
            }

            name.Append(name.Length > 0 ? "." : string.Empty);
            foreach (var letter in message.Slice(position, length))
            {
                _ = letter switch
                {
                    (byte)'.' or (byte)'\\' => name.Append('\\').Append((char)letter),
                    <= 0x20 or >= 0x7f => name.Append(CultureInfo.InvariantCulture, $"\\{letter:000}"),
                    _ => name.Append((char)letter),
                };
            }

            position += length;
        }
    }
}
