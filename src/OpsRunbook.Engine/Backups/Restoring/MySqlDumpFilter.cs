using System.Text;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Follows SQL of <c>mariadb-dump</c> and <c>mysqldump</c>. Events are created switched off: they would begin to run in a database that nobody has looked at.
/// </summary>
internal sealed partial class MySqlDumpFilter : SqlDumpFilter
{
    private const string Sandbox = @"/*M!999999\-";

    private readonly string? _database;
    private readonly StringBuilder _line = new();
    private State _state;
    private byte _before;
    private bool _isFirst = true;
    private int _matched;
    private byte[] _delimiter = ";"u8.ToArray();

    private MySqlDumpFilter(string? database)
    {
        _database = database;
        InSection = Found = true;
    }

    private enum State
    {
        Start,
        StartDash,
        StartSlash,
        StartStar,
        StartLine,
        StartBlock,
        Code,
        Text,
        DoubleText,
        Name,
        LineComment,
        Delimiter,
    }

    /// <summary>Names of the events that were in the dump and would be running.</summary>
    public List<string> Events { get; } = [];

    /// <summary>A filter for one dump.</summary>
    /// <param name="name">Name of the dump, for messages.</param>
    /// <param name="database">Database whose part is wanted of a dump of several.</param>
    /// <returns>The filter.</returns>
    public static MySqlDumpFilter For(string name, string? database) => new(database) { Name = name };

    protected override void Take(ReadOnlySpan<byte> part)
    {
        var from = 0;
        var at = 0;
        if (_isFirst)
        {
            _isFirst = false;
            if (part.StartsWith(Encoding.ASCII.GetBytes(Sandbox)))
            {
                at = Math.Max(0, part.IndexOf((byte)'\n'));
            }
        }

        for (; at < part.Length; at++)
        {
            var value = part[at];
            switch (_state)
            {
                case State.Start:
                    from = at;
                    TakeStart(value);
                    break;
                case State.StartDash when value == '-':
                case State.StartLine when value == '\n':
                    (_state, _before) = (_state == State.StartDash ? State.StartLine : State.Start, 0);
                    continue;
                case State.StartLine:
                    break;
                case State.StartSlash when value == '*':
                    _state = State.StartStar;
                    break;

                // A comment with an exclamation mark is run.
                case State.StartStar when value is (byte)'!' or (byte)'M':
                    Statement("/*"u8);
                    (_state, from) = (State.Code, at);
                    break;
                case State.StartStar:
                    _state = State.StartBlock;
                    break;
                case State.StartDash or State.StartSlash:
                    Statement(_state == State.StartDash ? "-"u8 : "/"u8);
                    (_state, from) = (State.Code, at);
                    at--;
                    continue;
                case State.StartBlock:
                    _state = _before == '*' && value == '/' ? State.Start : _state;
                    break;
                case State.LineComment:
                    _state = value == '\n' ? State.Code : _state;
                    break;
                case State.Text or State.DoubleText:
                    (_state, value) = value == (_state == State.Text ? '\'' : '"') && _before != '\\' ? (State.Code, value) : (_state, _before == '\\' ? (byte)0 : value);
                    break;
                case State.Name:
                    _state = value == '`' ? State.Code : _state;
                    break;
                case State.Delimiter:
                    _line.Append((char)value);
                    if (value == '\n')
                    {
                        TakeDelimiter();
                    }

                    break;
                default:
                    if (TakeCode(value))
                    {
                        Statement(part[from..(at + 1)]);
                        EndStatement();
                        Give("\n"u8);
                        (_state, from, value) = (State.Start, at + 1, 0);
                    }

                    break;
            }

            _before = value;
        }

        if (_state is State.Code or State.Text or State.DoubleText or State.Name or State.LineComment)
        {
            Statement(part[from..]);
        }
    }

    protected override Verdict Judge(string head, bool isWhole)
    {
        if (DelimiterWord().IsMatch(head))
        {
            return Verdict.Drop;
        }

        if (ServerStatement().IsMatch(head))
        {
            return Verdict.Drop;
        }

        if (UseStatement().IsMatch(head))
        {
            if (!isWhole)
            {
                return Verdict.Hold;
            }

            if (_isCluster is null)
            {
                Found = false;
            }

            _isCluster = true;
            InSection = UseStatement().Match(head).Groups["name"].Value.Replace("``", "`", StringComparison.Ordinal) == _database;
            Found |= InSection;
            return Verdict.Drop;
        }

        return Routine().IsMatch(head) && !isWhole ? Verdict.Hold : Verdict.Pass;
    }

    protected override string Change(string statement)
    {
        if (EventStatement().Match(statement) is not { Success: true } found)
        {
            return statement;
        }

        var changed = Enabled().Replace(statement, "${1}DISABLE", 1);
        if (changed != statement)
        {
            Events.Add(found.Groups["name"].Value.Replace("``", "`", StringComparison.Ordinal));
        }

        return changed;
    }

    private bool? _isCluster;

    private void TakeStart(byte value)
    {
        _matched = 0;
        switch (value)
        {
            case (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t':
                break;
            case (byte)'-':
                _state = State.StartDash;
                break;
            case (byte)'#':
                _state = State.StartLine;
                break;
            case (byte)'/':
                _state = State.StartSlash;
                break;
            case (byte)'D' or (byte)'d':
                // Perhaps DELIMITER, a word of the client that ends with its line.
                _line.Clear();
                _line.Append((char)value);
                _state = State.Delimiter;
                break;
            default:
                _state = State.Code;
                _before = 0;
                if (TakeCode(value))
                {
                    // A delimiter without a statement.
                    _state = State.Start;
                }

                break;
        }
    }

    private void TakeDelimiter()
    {
        var line = _line.ToString();
        if (DelimiterWord().Match(line) is { Success: true } word)
        {
            _delimiter = Encoding.Latin1.GetBytes(word.Groups["text"].Value);
            Give(Encoding.Latin1.GetBytes(line));
            (_state, _before) = (State.Start, 0);
            return;
        }

        // Something else that begins with D, such as DROP TABLE: one more time as a statement.
        _state = State.Code;
        var start = 0;
        var bytes = Encoding.Latin1.GetBytes(line);
        _before = 0;
        for (var at = 0; at < bytes.Length; at++)
        {
            var value = bytes[at];
            if (_state == State.Start)
            {
                start = at + 1;
                continue;
            }

            if (_state is State.Text or State.DoubleText or State.Name)
            {
                _state = value == (_state == State.Name ? '`' : _state == State.Text ? '\'' : '"') && (_state == State.Name || _before != '\\') ? State.Code : _state;
            }
            else if (TakeCode(value))
            {
                Statement(bytes.AsSpan(start, at + 1 - start));
                EndStatement();
                Give("\n"u8);
                _state = State.Start;
            }

            _before = value;
        }

        if (_state != State.Start)
        {
            Statement(bytes.AsSpan(start));
        }
    }

    // True at the end of a statement.
    private bool TakeCode(byte value)
    {
        _matched = value == _delimiter[_matched] ? _matched + 1 : value == _delimiter[0] ? 1 : 0;
        if (_matched == _delimiter.Length)
        {
            _matched = 0;
            return true;
        }

        _state = value switch
        {
            (byte)'\'' => State.Text,
            (byte)'"' => State.DoubleText,
            (byte)'`' => State.Name,
            (byte)'#' => State.LineComment,
            (byte)' ' or (byte)'\t' or (byte)'\n' when _before == '-' && _dashes => State.LineComment,
            _ => State.Code,
        };
        _dashes = value == '-' && _before == '-';
        if (_state == State.LineComment && value == '\n')
        {
            _state = State.Code;
        }

        return false;
    }

    private bool _dashes;

    [GeneratedRegex(@"^DELIMITER[ \t]+(?<text>\S+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DelimiterWord();

    [GeneratedRegex(@"^(?:/\*M?!\d*\s*)?(?:(?:CREATE|DROP|ALTER)\s+(?:/\*M?!\d*\s*)?(?:DATABASE|SCHEMA|USER|ROLE|SERVER)\b|(?:CHANGE|START|STOP|RESET|FLUSH|PURGE|GRANT|REVOKE|INSTALL|UNINSTALL|SHUTDOWN|KILL)\b|SET\s+(?:@@)?GLOBAL\b)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ServerStatement();

    [GeneratedRegex(@"^USE\s+`?(?<name>(?:[^`;\s]|``|(?<=`[^`]*)\s)+)`?", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UseStatement();

    [GeneratedRegex(@"^(?:/\*M?!\d+\s+)?CREATE\b(?!\s+TABLE)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Routine();

    [GeneratedRegex(@"^(?:/\*M?!\d+\s+)?CREATE\b(?:[^`']|`(?:[^`]|``)*`@`(?:[^`]|``)*`)*?\bEVENT\s+(?:IF\s+NOT\s+EXISTS\s+)?`(?<name>(?:[^`]|``)+)`", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EventStatement();

    [GeneratedRegex(@"(\bON\s+COMPLETION\s+(?:NOT\s+)?PRESERVE\s+)ENABLE\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Enabled();
}
