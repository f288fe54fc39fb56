namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>
/// Replaces what varies in a message, so that messages of one kind become equal: UUIDs, addresses, hexadecimal and other
/// numbers, e-mail addresses, paths and quoted texts.
/// </summary>
internal static class PatternFolder
{
    /// <summary>Longer patterns are cut.</summary>
    public const int Longest = 512;

    private const int LongestQuote = 400;

    private const byte Letter = 1;
    private const byte HexLetter = 2;
    private const byte Digit = 4;
    private const byte OfPath = 8;
    private const byte OfLocalPart = 16;
    private const byte Word = Letter | HexLetter | Digit;

    private static readonly byte[] Kinds = CreateKinds();

    /// <summary>Folds the first line of a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="result">Takes the pattern; at least twice <see cref="Longest"/> long.</param>
    /// <returns>Its length.</returns>
    public static int Fold(ReadOnlySpan<byte> message, Span<byte> result)
    {
        var end = message.IndexOf((byte)'\n');
        var text = (end < 0 ? message : message[..end]).TrimEnd(" \r\t"u8);
        var (at, length, localPart, isUrl) = (0, 0, 0, false);
        while (at < text.Length && length < Longest)
        {
            var letter = text[at];
            var kind = Kinds[letter];
            if ((kind & Word) != 0)
            {
                at += FoldWord(text[at..], result, ref length);
                continue;
            }

            switch (letter)
            {
                case (byte)'/' when at + 1 < text.Length && (Kinds[text[at + 1]] & OfPath) != 0 && text[at + 1] != (byte)'/'
                    && (at == 0 || isUrl || ((Kinds[text[at - 1]] & Word) == 0 && text[at - 1] != (byte)'/')):
                    at += PathLength(text[at..]);
                    Append("<path>"u8, result, ref length);
                    continue;
                case (byte)'@' when localPart < length && DomainLength(text[(at + 1)..]) is > 0 and var domain:
                    length = localPart;
                    Append("<email>"u8, result, ref length);
                    at += 1 + domain;
                    continue;
                case (byte)'"' or (byte)'\'' or (byte)'`' when QuoteLength(text, at) is > 0 and var quoted:
                    at += quoted;
                    Append("<str>"u8, result, ref length);
                    continue;
                case (byte)':':
                    if (text[at..].StartsWith("://"u8))
                    {
                        Append("://"u8, result, ref length);
                        (at, isUrl, localPart) = (at + 3, true, length);
                        continue;
                    }

                    if (text[at..].StartsWith("::"u8) && AddressLength(text[at..]) is > 0 and var address)
                    {
                        Append("<ip>"u8, result, ref length);
                        at += address;
                        continue;
                    }

                    break;
                case (byte)' ':
                    isUrl = false;
                    break;
                default:
                    break;
            }

            result[length++] = letter;
            at++;
            if ((kind & OfLocalPart) == 0)
            {
                localPart = length;
            }
        }

        return length;
    }

    /// <summary>Folds the ids in the path of a request, and leaves its query out. Names with a version such as <c>v2</c> or <c>oauth2</c> stay.</summary>
    /// <param name="path">The path.</param>
    /// <param name="result">Takes the route; at least twice <see cref="Longest"/> long.</param>
    /// <returns>Its length.</returns>
    public static int FoldRoute(ReadOnlySpan<byte> path, Span<byte> result)
    {
        var end = path.IndexOfAny((byte)'?', (byte)'#', (byte)';');
        path = end < 0 ? path : path[..end];
        var (at, length) = (0, 0);
        while (at < path.Length && length < Longest)
        {
            if ((Kinds[path[at]] & Word) == 0)
            {
                result[length++] = path[at++];
                continue;
            }

            var word = path[at..];
            var letters = 0;
            while (letters < word.Length && (Kinds[word[letters]] & (Letter | HexLetter)) != 0)
            {
                letters++;
            }

            var digits = 0;
            while (letters + digits < word.Length && (Kinds[word[letters + digits]] & Digit) != 0)
            {
                digits++;
            }

            var isName = letters > 0 && digits is 1 or 2 && (letters + digits == word.Length || (Kinds[word[letters + digits]] & Word) == 0);
            if (isName)
            {
                Append(word[..(letters + digits)], result, ref length);
                at += letters + digits;
            }
            else
            {
                at += FoldWord(word, result, ref length);
            }
        }

        return length;
    }

    // A run of letters and digits, and what follows it when the two are one thing.
    private static int FoldWord(ReadOnlySpan<byte> text, Span<byte> result, ref int length)
    {
        var (end, digits, runs, isHex, wasDigit) = (0, 0, 0, true, false);
        for (; end < text.Length; end++)
        {
            var kind = Kinds[text[end]];
            if ((kind & Digit) != 0)
            {
                digits++;
                runs += wasDigit ? 0 : 1;
                wasDigit = true;
            }
            else if ((kind & Word) != 0)
            {
                wasDigit = false;
                isHex &= (kind & HexLetter) != 0;
            }
            else
            {
                break;
            }
        }

        if (isHex && end == 8 && IsUuid(text))
        {
            Append("<uuid>"u8, result, ref length);
            return 36;
        }

        if (digits == 0)
        {
            Append(text[..Math.Min(end, Longest)], result, ref length);
            return end;
        }

        if (isHex && end < text.Length && text[end] == (byte)':' && AddressLength(text) is > 0 and var address)
        {
            Append("<ip>"u8, result, ref length);
            return address;
        }

        if (digits == end)
        {
            var isAddress = end <= 3 && FourLength(text) is > 0 and var four;
            Append(isAddress ? "<ip>"u8 : "<num>"u8, result, ref length);
            if (isAddress)
            {
                return FourLength(text);
            }

            while (end + 1 < text.Length && text[end] == (byte)'.' && (Kinds[text[end + 1]] & Digit) != 0)
            {
                for (end++; end < text.Length && (Kinds[text[end]] & Digit) != 0; end++)
                {
                }
            }

            return end;
        }

        if ((isHex && (end >= 8 || (runs > 1 && end >= 6))) || (end > 2 && text[0] == (byte)'0' && text[1] is (byte)'x' or (byte)'X'))
        {
            Append("<hex>"u8, result, ref length);
            return end;
        }

        if (runs > 1)
        {
            Append("<id>"u8, result, ref length);
            return end;
        }

        // user42, 12ms: only the number varies.
        var start = text[..end].IndexOfAnyInRange((byte)'0', (byte)'9');
        Append(text[..Math.Min(start, Longest)], result, ref length);
        Append("<num>"u8, result, ref length);
        Append(text[(start + digits)..Math.Min(end, start + digits + Longest)], result, ref length);
        return end;
    }

    private static void Append(ReadOnlySpan<byte> text, Span<byte> result, ref int length)
    {
        var count = Math.Min(text.Length, result.Length - length);
        text[..count].CopyTo(result[length..]);
        length += count;
    }

    private static bool IsUuid(ReadOnlySpan<byte> text)
    {
        if (text.Length < 36 || text[8] != (byte)'-' || text[13] != (byte)'-' || text[18] != (byte)'-' || text[23] != (byte)'-')
        {
            return false;
        }

        for (var i = 9; i < 36; i++)
        {
            if ((Kinds[text[i]] & (Digit | HexLetter)) == 0 && i is not (13 or 18 or 23))
            {
                return false;
            }
        }

        return text.Length == 36 || (Kinds[text[36]] & Word) == 0;
    }

    private static int FourLength(ReadOnlySpan<byte> text)
    {
        var at = 0;
        for (var part = 0; part < 4; part++)
        {
            if (part > 0)
            {
                if (at >= text.Length || text[at] != (byte)'.')
                {
                    return 0;
                }

                at++;
            }

            var start = at;
            while (at < text.Length && at - start < 3 && (Kinds[text[at]] & Digit) != 0)
            {
                at++;
            }

            if (at == start)
            {
                return 0;
            }
        }

        return at < text.Length && (Kinds[text[at]] & Word) != 0 ? 0 : at;
    }

    // Hexadecimal groups with "::" or eight of them; 10:30:00 is none.
    private static int AddressLength(ReadOnlySpan<byte> text)
    {
        var (end, colons, isShort, hasDigit) = (0, 0, false, false);
        for (; end < text.Length && end < 46; end++)
        {
            if (text[end] == (byte)':')
            {
                isShort |= end > 0 && text[end - 1] == (byte)':';
                colons++;
            }
            else if ((Kinds[text[end]] & (Digit | HexLetter)) != 0)
            {
                hasDigit |= (Kinds[text[end]] & Digit) != 0;
            }
            else if (text[end] != (byte)'.')
            {
                break;
            }
        }

        return colons >= 2 && hasDigit && (isShort || colons == 7) && (end == text.Length || (Kinds[text[end]] & Word) == 0) ? end : 0;
    }

    private static int PathLength(ReadOnlySpan<byte> text)
    {
        var end = 1;
        while (end < text.Length && (Kinds[text[end]] & OfPath) != 0)
        {
            end++;
        }

        return end;
    }

    private static int DomainLength(ReadOnlySpan<byte> text)
    {
        var (end, dot) = (0, 0);
        for (; end < text.Length && ((Kinds[text[end]] & Word) != 0 || text[end] is (byte)'.' or (byte)'-'); end++)
        {
            dot = text[end] == (byte)'.' && end > 0 && end + 1 < text.Length && (Kinds[text[end + 1]] & Word) != 0 ? end : dot;
        }

        return dot == 0 ? 0 : end;
    }

    // An apostrophe inside a word is no quote.
    private static int QuoteLength(ReadOnlySpan<byte> text, int at)
    {
        if (text[at] == (byte)'\'' && at > 0 && (Kinds[text[at - 1]] & Word) != 0)
        {
            return 0;
        }

        var rest = text.Slice(at + 1, Math.Min(LongestQuote, text.Length - at - 1));
        var end = rest.IndexOf(text[at]);
        return end < 0 || (text[at] == (byte)'\'' && end + 1 < rest.Length && (Kinds[rest[end + 1]] & Word) != 0) ? 0 : end + 2;
    }

    private static byte[] CreateKinds()
    {
        var kinds = new byte[256];
        for (var letter = 0; letter < 128; letter++)
        {
            var text = (char)letter;
            kinds[letter] = (byte)((char.IsAsciiDigit(text) ? Digit : char.IsAsciiHexDigit(text) ? HexLetter : char.IsAsciiLetter(text) ? Letter : 0)
                | (char.IsAsciiLetterOrDigit(text) || "._-/~%+=&?@#".Contains(text, StringComparison.Ordinal) ? OfPath : 0)
                | (char.IsAsciiLetterOrDigit(text) || "._%+-".Contains(text, StringComparison.Ordinal) ? OfLocalPart : 0));
        }

        return kinds;
    }
}
