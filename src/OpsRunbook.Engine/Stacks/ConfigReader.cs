using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OpsRunbook.Engine.Stacks;

/// <summary>
/// Reads YAML, and JSON as part of it, into nodes. Nothing is ever constructed from a tag, and depth,
/// size and expanded aliases are bounded, so that no file can exhaust the process.
/// </summary>
internal sealed class ConfigReader
{
    public const int MaximumBytes = 1024 * 1024;
    private const int MaximumDepth = 64;
    private const int MaximumNodes = 50_000;
    private const int MaximumKeyLength = 128;
    private const string CoreTag = "tag:yaml.org,2002:";

    private readonly string _file;
    private readonly ConfigProblems _problems;
    private readonly IParser _parser;
    private readonly Dictionary<string, ConfigNode?> _anchors = new(StringComparer.Ordinal);
    private readonly List<string> _path = [];
    private long _nodes;

    private ConfigReader(IParser parser, ConfigProblems problems) => (_parser, _file, _problems) = (parser, problems.File, problems);

    /// <summary>Reads a file of at most <see cref="MaximumBytes"/>.</summary>
    /// <exception cref="OpsException"><c>Stack.NotFound</c>, <c>Stack.NotReadable</c> or <c>Stack.FileTooLarge</c>.</exception>
    public static async Task<byte[]> ReadFileAsync(string path, CancellationToken cancellationToken, string area = "Stack")
    {
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var buffer = new byte[MaximumBytes + 1];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return length > MaximumBytes
                ? throw new OpsException(
                    area + ".FileTooLarge",
                    OpsErrorKind.InvalidData,
                    $"{path} is larger than {ByteSize.Format(MaximumBytes)}, which such a file never is.",
                    "Check that the path is the right one.",
                    path)
                : buffer[..length];
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new OpsException(area + ".NotFound", OpsErrorKind.NotFound, $"There is no file {path}.", "Check the path.", path, error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new OpsException(area + ".NotReadable", OpsErrorKind.PermissionDenied, $"{path} cannot be read: {error.Message}", "Check the path and its permissions.", path, error);
        }
    }

    /// <summary>Reads the one document of a file.</summary>
    /// <param name="content">The file.</param>
    /// <param name="problems">Names the file and takes what is wrong but does not end the reading, such as a key that is there twice.</param>
    /// <returns>The root; null when the file holds nothing.</returns>
    /// <exception cref="OpsException"><c>Stack.EncodingInvalid</c>, <c>Stack.SyntaxInvalid</c>, <c>Stack.TooComplex</c>.</exception>
    public static ConfigNode? Read(ReadOnlySpan<byte> content, ConfigProblems problems)
    {
        var text = Decode(content, problems);
        var reader = new ConfigReader(new Parser(new StringReader(text)), problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (OpsException)
        {
            throw;
        }
        catch (YamlException error)
        {
            throw SyntaxError(problems, text, (int)error.Start.Line, (int)error.Start.Column, error);
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            // The scanner answers some broken input with exceptions that were not meant for its callers.
            throw SyntaxError(problems, text, 0, 0, error);
        }
    }

    private static string Decode(ReadOnlySpan<byte> content, ConfigProblems problems)
    {
        if (content.StartsWith(Encoding.UTF8.Preamble))
        {
            content = content[Encoding.UTF8.Preamble.Length..];
        }

        var line = 1;
        for (var rest = content; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf8(rest, out var rune, out var length) != System.Buffers.OperationStatus.Done || rune.Value == 0)
            {
                problems.EndedAt = line;
                throw new OpsException(
                    problems.Area + ".EncodingInvalid",
                    OpsErrorKind.InvalidData,
                    $"{problems.File} line {line}: the file is not UTF-8 text (byte 0x{rest[0]:x2}).",
                    "Save it as UTF-8.",
                    problems.File);
            }

            line += rune.Value == '\n' ? 1 : 0;
            rest = rest[length..];
        }

        return Encoding.UTF8.GetString(content);
    }

    private static OpsException SyntaxError(ConfigProblems problems, string text, int line, int column, Exception error)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        line = Math.Min(line, lines.Length);
        var isTab = error.Message.Contains("tab", StringComparison.Ordinal) || error.Message.Contains("cannot start any token", StringComparison.Ordinal);
        if (line > 0 && isTab && Array.FindIndex(lines, line - 1, source => source.TrimStart(' ').StartsWith('\t')) is var tab and >= 0)
        {
            // The scanner names the start of the mapping, which may be far above.
            problems.EndedAt = tab + 1;
            return new OpsException(
                problems.Area + ".SyntaxInvalid",
                OpsErrorKind.InvalidData,
                $"{problems.File} line {tab + 1}: the line is indented with a tab.",
                "YAML is indented with spaces only.",
                problems.File,
                error);
        }

        problems.EndedAt = line > 0 ? line : null;
        var where = line > 0 ? $"{problems.File} line {line}, column {column}" : problems.File;
        var cause = error is YamlException ? error.Message.Replace("  ", " ", StringComparison.Ordinal).TrimEnd('.') : "the text cannot be parsed";
        return new OpsException(
            problems.Area + ".SyntaxInvalid",
            OpsErrorKind.InvalidData,
            $"{where}: not valid YAML or JSON: {cause}.",
            "Look at this line and the one before it: indentation, quotes, brackets, and a space after each colon.",
            problems.File,
            error);
    }

    private ConfigNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            return null;
        }

        _parser.Consume<DocumentStart>();
        var root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
        {
            throw Fail("SyntaxInvalid", second.Start, "a second document begins here, and only one is read.", "Remove the line '---' or split the file.");
        }

        return root;
    }

    private ConfigNode ReadNode(int depth)
    {
        var start = _parser.Current!.Start;
        if (depth > MaximumDepth)
        {
            throw Fail("TooComplex", start, $"the file is nested deeper than {MaximumDepth} levels.", "Simplify it.");
        }

        Count(1, start);
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            var target = _anchors.GetValueOrDefault(alias.Value.Value)
                ?? throw Fail("SyntaxInvalid", start, $"the alias *{alias.Value} refers to nothing that was read before, or to itself.", "Define the anchor before its first use.");
            Count(target.Weight, start);
            return target;
        }

        var anchor = (_parser.Current as NodeEvent)?.Anchor ?? AnchorName.Empty;
        if (!anchor.IsEmpty)
        {
            // Known only once it is complete: an alias inside its own anchor would never end.
            _anchors[anchor.Value] = null;
        }

        var node = ReadContent(depth, start);
        if (!anchor.IsEmpty)
        {
            _anchors[anchor.Value] = node;
        }

        return node;
    }

    private ConfigNode ReadContent(int depth, Mark start)
    {
        var (line, column) = ((int)start.Line, (int)start.Column);
        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            var tag = CheckTag(scalar);
            return ConfigNode.Scalar(scalar.Value, scalar.Style == ScalarStyle.Plain && tag is not "str", line, column);
        }

        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            CheckTag(sequence);
            var list = ConfigNode.List(line, column);
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                _path.Add($"[{list.Items!.Count}]");
                var item = ReadNode(depth + 1);
                _path.RemoveAt(_path.Count - 1);
                list.Items.Add(item);
                list.Weight += item.Weight;
            }

            return list;
        }

        CheckTag(_parser.Consume<MappingStart>());
        var mapping = ConfigNode.Mapping(line, column);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var merged = new List<ConfigNode>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = ReadNode(depth + 1);
            _path.Add(key.Text ?? string.Empty);
            var value = ReadNode(depth + 1);
            _path.RemoveAt(_path.Count - 1);
            mapping.Weight += key.Weight + value.Weight;
            if (key.Text is null)
            {
                throw Fail("SyntaxInvalid", start, "a key must be text, not a list or a mapping.", "Put quotes around a key that begins with a bracket.");
            }

            if (key.Text.Length > MaximumKeyLength)
            {
                throw Fail("TooComplex", start, $"a key in this mapping is longer than {MaximumKeyLength} characters.", "Shorten it.");
            }

            if (key is { IsPlain: true, Text: "<<" })
            {
                merged.AddRange(value.Items ?? [value]);
            }
            else if (keys.Add(key.Text))
            {
                mapping.Entries!.Add((key, value));
            }
            else
            {
                var path = string.Join('.', _path.Append(key.Text)).Replace(".[", "[", StringComparison.Ordinal);
                _problems.Add(_problems.Area + ".KeyDuplicate", key, path, $"{path} is there twice.", "Remove one of them.");
            }
        }

        foreach (var entry in merged.SelectMany(source => source.Entries ?? []).Where(entry => keys.Add(entry.Key.Text!)))
        {
            mapping.Entries!.Add(entry);
        }

        return mapping;
    }

    private string? CheckTag(NodeEvent node)
    {
        if (node.Tag.IsEmpty || node.Tag.IsNonSpecific)
        {
            return null;
        }

        var tag = node.Tag.Value;
        return tag.StartsWith(CoreTag, StringComparison.Ordinal) && tag[CoreTag.Length..] is "str" or "int" or "float" or "bool" or "null" or "map" or "seq"
            ? tag[CoreTag.Length..]
            : throw Fail("TagRefused", node.Start, $"the tag '{tag}' is not accepted: only text, numbers, lists and mappings are.", "Remove the tag.");
    }

    private void Count(long nodes, Mark at)
    {
        _nodes += nodes;
        if (_nodes > MaximumNodes)
        {
            throw Fail("TooComplex", at, $"the file has more than {MaximumNodes} values, aliases written out.", "Use fewer aliases, or split the stack.");
        }
    }

    private OpsException Fail(string id, Mark at, string message, string next)
    {
        _problems.EndedAt = (int)at.Line;
        return new OpsException($"{_problems.Area}.{id}", OpsErrorKind.InvalidData, $"{_file} line {at.Line}, column {at.Column}: {message}", next, _file);
    }
}
