using System.Text;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Backups;

/// <summary>Follows SQL of <c>pg_dump</c> and <c>pg_dumpall</c>: its texts, quoted names, comments, and the rows between its statements.</summary>
internal sealed partial class PostgreSqlDumpFilter : SqlDumpFilter
{
    private const int LongestLine = 4096;

    private readonly bool _isCluster;
    private readonly bool _isScratch;
    private readonly string? _database;
    private readonly StringBuilder _line = new();
    private readonly StringBuilder _tag = new();
    private readonly StringBuilder _dollar = new();
    private readonly StringBuilder _code = new();
    private State _state;
    private byte _before;
    private int _depth;
    private int _dot;

    private PostgreSqlDumpFilter(bool isCluster, bool isScratch, string? database)
    {
        (_isCluster, _isScratch, _database) = (isCluster, isScratch, database);
        InSection = Found = !isCluster;
    }

    private enum State
    {
        Start,
        StartDash,
        StartComment,
        StartSlash,
        StartBlock,
        Code,
        LineComment,
        BlockComment,
        Text,
        EscapeText,
        TextEnd,
        EscapeTextEnd,
        Name,
        Tag,
        Dollar,
        Command,
        CopyLine,
        Copy,
    }

    /// <summary>A filter for one dump.</summary>
    /// <param name="name">Name of the dump, for messages.</param>
    /// <param name="isCluster"><c>pg_dumpall</c> wrote it.</param>
    /// <param name="isScratch">Owners, grants and what connects to other servers are left out.</param>
    /// <param name="database">Database whose part is wanted of a cluster.</param>
    /// <returns>The filter.</returns>
    public static PostgreSqlDumpFilter For(string name, bool isCluster, bool isScratch, string? database) => new(isCluster, isScratch, database) { Name = name };

    protected override void Take(ReadOnlySpan<byte> part)
    {
        // Where the bytes begin that are not handed on yet.
        var from = 0;
        for (var at = 0; at < part.Length; at++)
        {
            if (_state == State.Copy)
            {
                at = TakeRows(part, at) - 1;
                from = at + 1;
                continue;
            }

            var value = part[at];
            switch (_state)
            {
                case State.Start:
                    from = at;
                    TakeStart(value);
                    break;
                case State.StartDash or State.StartSlash:
                    if (value == (_state == State.StartDash ? '-' : '*'))
                    {
                        (_state, _depth) = (_state == State.StartDash ? State.StartComment : State.StartBlock, 1);
                        _line.Clear();
                    }
                    else
                    {
                        Statement(_state == State.StartDash ? "-"u8 : "/"u8);
                        (_state, from) = (State.Code, at);
                        at--;
                        continue;
                    }

                    break;
                case State.StartComment or State.Command:
                    if (value != '\n')
                    {
                        _line.Append(_line.Length < LongestLine ? ((char)value).ToString() : string.Empty);
                        break;
                    }

                    EndLine();
                    break;
                case State.StartBlock or State.BlockComment:
                    _depth += _before == '/' && value == '*' ? 1 : _before == '*' && value == '/' ? -1 : 0;
                    if (_depth == 0)
                    {
                        _state = _state == State.StartBlock ? State.Start : State.Code;
                        value = 0;
                    }
                    else if (_before == '/' && value == '*')
                    {
                        value = 0;
                    }

                    break;
                case State.LineComment:
                    _state = value == '\n' ? State.Code : _state;
                    break;
                case State.Text:
                    _state = value == '\'' ? State.TextEnd : _state;
                    break;
                case State.EscapeText:
                    (_state, value) = value == '\'' && _before != '\\' ? (State.EscapeTextEnd, value) : (_state, _before == '\\' ? (byte)0 : value);
                    break;
                case State.Name:
                    _state = value == '"' ? State.Code : _state;
                    break;
                case State.Dollar:
                    TakeDollar(value);
                    break;
                case State.CopyLine:
                    (_state, _dot) = value == '\n' ? (State.Copy, 0) : (_state, 0);
                    from = at + 1;
                    if (_state == State.Copy)
                    {
                        Give("\n"u8);
                    }

                    break;
                default:
                    if (TakeCode(value))
                    {
                        Statement(part[from..(at + 1)]);
                        EndCode();
                        from = at + 1;
                    }

                    break;
            }

            _before = value;
        }

        if (_state is not (State.Start or State.StartDash or State.StartSlash or State.StartComment or State.StartBlock or State.Command or State.Copy or State.CopyLine))
        {
            Statement(part[from..]);
        }
    }

    protected override Verdict Judge(string head, bool isWhole)
    {
        if (ClusterStatement().IsMatch(head))
        {
            return Verdict.Drop;
        }

        if (_isScratch && ForeignStatement().IsMatch(head))
        {
            return Verdict.Drop;
        }

        if (!MayConcernOthers().IsMatch(head))
        {
            return Verdict.Pass;
        }

        return !isWhole ? Verdict.Hold
            : DatabaseObject().IsMatch(head) ? Verdict.Drop
            : _isScratch && OwnerOrGrant().IsMatch(head) ? Verdict.Drop
            : Verdict.Pass;
    }

    private static bool IsNamePart(byte value) => value is >= 128 or (byte)'_' || char.IsAsciiLetterOrDigit((char)value);

    private void TakeStart(byte value)
    {
        switch (value)
        {
            case (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' or (byte)';':
                break;
            case (byte)'-':
                _state = State.StartDash;
                break;
            case (byte)'/':
                _state = State.StartSlash;
                break;
            case (byte)'\\':
                _state = State.Command;
                _line.Clear();
                break;
            default:
                _state = State.Code;
                _before = 0;
                _code.Clear();
                TakeCode(value);
                break;
        }
    }

    // True at the end of a statement.
    private bool TakeCode(byte value)
    {
        if (_state is State.TextEnd or State.EscapeTextEnd)
        {
            // Two quotes are one of the text.
            if (value == '\'')
            {
                _state = _state == State.TextEnd ? State.Text : State.EscapeText;
                return false;
            }

            _state = State.Code;
        }

        if (_state == State.Tag)
        {
            if (value == '$')
            {
                _state = State.Dollar;
                _dollar.Clear();
                return false;
            }

            if (IsNamePart(value))
            {
                _tag.Append((char)value);
                return false;
            }

            _state = State.Code;
        }

        switch (value)
        {
            case (byte)'\'':
                _state = _before is (byte)'E' or (byte)'e' ? State.EscapeText : State.Text;
                break;
            case (byte)'"':
                _state = State.Name;
                break;
            case (byte)'$' when !IsNamePart(_before):
                _state = State.Tag;
                _tag.Clear();
                break;
            case (byte)'-' when _before == '-':
                _state = State.LineComment;
                break;
            case (byte)'*' when _before == '/':
                (_state, _depth) = (State.BlockComment, 1);
                break;
            case (byte)'\\':
                throw ForeignCommand("\\…");
            case (byte)';':
                return true;
            default:
                break;
        }

        // Enough to know a COPY by its beginning and its end.
        _code.Append((char)value);
        if (_code.Length > 64)
        {
            _code.Remove(16, 16);
        }

        return false;
    }

    private void TakeDollar(byte value)
    {
        if (value == '$')
        {
            if (_dollar.Length == _tag.Length + 1 && _dollar[0] == '$' && _dollar.ToString(1, _tag.Length) == _tag.ToString())
            {
                _state = State.Code;
                return;
            }

            _dollar.Clear();
            _dollar.Append('$');
        }
        else if (_dollar.Length > 0 && _dollar.Length <= _tag.Length)
        {
            _dollar.Append((char)value);
        }
        else
        {
            _dollar.Clear();
        }
    }

    private void EndCode()
    {
        var code = _code.ToString();
        EndStatement();
        _state = code.StartsWith("COPY ", StringComparison.Ordinal) && code.EndsWith(" FROM stdin", StringComparison.Ordinal) ? State.CopyLine : State.Start;
        if (_state == State.Start)
        {
            Give("\n"u8);
        }
    }

    private int TakeRows(ReadOnlySpan<byte> part, int at)
    {
        var from = at;
        while (at < part.Length)
        {
            if (_dot < 0)
            {
                var end = part[at..].IndexOf((byte)'\n');
                if (end < 0)
                {
                    at = part.Length;
                    break;
                }

                (at, _dot) = (at + end + 1, 0);
                continue;
            }

            var value = part[at++];
            _dot = (_dot, value) switch
            {
                (0, (byte)'\\') => 1,
                (1, (byte)'.') => 2,
                (2, (byte)'\r') => 2,
                (2, (byte)'\n') => 3,
                (_, (byte)'\n') => 0,
                _ => -1,
            };
            if (_dot == 3)
            {
                _state = State.Start;
                break;
            }
        }

        Give(part[from..at]);
        return at;
    }

    private void EndLine()
    {
        var line = _line.ToString().TrimEnd('\r');
        if (_state == State.StartComment)
        {
            // What comes behind it in a cluster already belongs to the next database.
            InSection &= !(_isCluster && line == " PostgreSQL database dump complete");
        }
        else if (Connect().Match(line) is { Success: true } connect)
        {
            if (_isCluster)
            {
                InSection = Unquote(connect.Groups["name"].Value) == _database;
                Found |= InSection;
            }
        }
        else if (!Restriction().IsMatch(line))
        {
            throw ForeignCommand("\\" + line);
        }

        _state = State.Start;
    }

    private static string Unquote(string name)
    {
        var text = name.Trim();
        if (text is ['"', .., '"'])
        {
            text = text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal);
        }

        return text.StartsWith("dbname='", StringComparison.Ordinal)
            ? text["dbname='".Length..^1].Replace("\\'", "'", StringComparison.Ordinal).Replace(@"\\", @"\", StringComparison.Ordinal)
            : text;
    }

    [GeneratedRegex(@"^(?:CREATE|DROP|ALTER)\s+(?:DATABASE|ROLE|USER(?!\s+MAPPING)|GROUP|TABLESPACE|SYSTEM)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ClusterStatement();

    [GeneratedRegex(@"^(?:GRANT|REVOKE|(?:CREATE|ALTER)\s+(?:PUBLICATION|SUBSCRIPTION)|ALTER\s+DEFAULT\s+PRIVILEGES)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ForeignStatement();

    [GeneratedRegex(@"^(?:GRANT|REVOKE|COMMENT|SECURITY|ALTER)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MayConcernOthers();

    [GeneratedRegex(@"^(?:GRANT|REVOKE|COMMENT|SECURITY)\b[^']*?\bON\s+DATABASE\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DatabaseObject();

    [GeneratedRegex(@"^ALTER\b.*\bOWNER\s+TO\s+(?:""(?:[^""]|"""")*""|[^\s""]+)\s*;\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline, 1000)]
    private static partial Regex OwnerOrGrant();

    [GeneratedRegex(@"^c(?:onnect)?\s+(?:-reuse-previous=\w+\s+)?(?<name>.+?)\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Connect();

    [GeneratedRegex(@"^(?:un)?restrict\s+\w+\s*$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Restriction();
}
