using System.Collections;
using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Writes a stack as YAML that <see cref="StackLoader"/> reads back to the same stack.</summary>
public static class StackWriter
{
    private static readonly HashSet<string> NotText = new(StringComparer.OrdinalIgnoreCase) { "null", "~", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "-.inf" };

    /// <summary>The stack as YAML. Keys at their default are left out.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="schema">Path of the JSON schema, for editors that check while one types; null leaves it out.</param>
    /// <returns>The text of the file.</returns>
    /// <exception cref="OpsException"><c>Stack.PlainSecret</c>: the stack holds a secret that is not a reference.</exception>
    public static string Write(OpsStack stack, string? schema = null)
    {
        ArgumentNullException.ThrowIfNull(stack);
        var text = new StringBuilder();
        if (schema is not null)
        {
            text.Append("# yaml-language-server: $schema=").Append(schema).Append('\n');
        }

        text.Append("# Every key is explained in docs/stack-file.md; Test-OpsStack checks the file.\n");
        using var writer = new StringWriter(text, CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(writer, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        WriteModel(emitter, stack, new OpsStack(), string.Empty);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void WriteModel(Emitter emitter, object model, object defaults, string path)
    {
        emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
        foreach (var property in StackProperty.Of(model.GetType()))
        {
            var value = property.Property.GetValue(model);
            var usual = property.Property.GetValue(defaults);
            if (property.Prefixes is not null)
            {
                foreach (var (key, text) in (Dictionary<string, string>)value!)
                {
                    WriteText(emitter, key);
                    WriteText(emitter, text);
                }
            }
            else if (property.IsRequired || !IsSame(value, usual))
            {
                WriteText(emitter, property.Key);
                WriteValue(emitter, value, usual, path.Length == 0 ? property.Key : $"{path}.{property.Key}");
            }
        }

        emitter.Emit(new MappingEnd());
    }

    private static void WriteValue(Emitter emitter, object? value, object? usual, string path)
    {
        switch (value)
        {
            case null:
                WritePlain(emitter, "null");
                break;
            case string text:
                WriteText(emitter, text);
                break;
            case SecretReference { Source: SecretSource.Plain }:
                throw new OpsException(
                    "Stack.PlainSecret", OpsErrorKind.Refused, $"{path} is a plain secret, and those are not written into stack files.", "Make it a reference such as ${env:NAME} or ${file:/run/secrets/name}.", path);
            case bool flag:
                WritePlain(emitter, flag ? "true" : "false");
                break;
            case TimeSpan duration:
                WritePlain(emitter, FormatDuration(duration));
                break;
            case long bytes:
                WritePlain(emitter, FormatSize(bytes));
                break;
            case double part:
                WritePlain(emitter, part.ToString("R", CultureInfo.InvariantCulture));
                break;
            case DateTime moment:
                WriteText(emitter, moment.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
                break;
            case DateOnly day:
                WriteText(emitter, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case Enum choice:
                WriteText(emitter, StackBinder.EnumText(choice.ToString()));
                break;
            case IDictionary dictionary:
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, dictionary.Count == 0 ? MappingStyle.Flow : MappingStyle.Block));
                foreach (DictionaryEntry entry in dictionary)
                {
                    WriteText(emitter, (string)entry.Key);
                    WriteValue(emitter, entry.Value, null, $"{path}.{entry.Key}");
                }

                emitter.Emit(new MappingEnd());
                break;
            case IList list:
                var isShort = list.Count <= 6 && list.Cast<object?>().All(item => item is string or int);
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, isShort ? SequenceStyle.Flow : SequenceStyle.Block));
                for (var i = 0; i < list.Count; i++)
                {
                    WriteValue(emitter, list[i], null, $"{path}[{i}]");
                }

                emitter.Emit(new SequenceEnd());
                break;
            case int number:
                WritePlain(emitter, number.ToString(CultureInfo.InvariantCulture));
                break;
            case SecretReference secret:
                WriteText(emitter, secret.ToString());
                break;
            default:
                WriteModel(emitter, value, usual ?? Activator.CreateInstance(value.GetType())!, path);
                break;
        }
    }

    // What YAML could take for a number, a truth value or nothing is quoted; the rest only where it must be.
    private static void WriteText(Emitter emitter, string text)
    {
        var ambiguous = text.Length == 0 || NotText.Contains(text) || char.IsAsciiDigit(text[0]) || text[0] is '.' or '+' or '-' || text.Any(letter => char.IsControl(letter) || (letter > '~' && char.IsSeparator(letter))) || text.Contains("${", StringComparison.Ordinal);
        emitter.Emit(new Scalar(
            AnchorName.Empty,
            TagName.Empty,
            text,
            ambiguous ? ScalarStyle.DoubleQuoted : ScalarStyle.Any,
            isPlainImplicit: true,
            isQuotedImplicit: true));
    }

    private static void WritePlain(Emitter emitter, string text) =>
        emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Plain, isPlainImplicit: true, isQuotedImplicit: false));

    /// <summary>The largest unit that divides it; a duration finer than a millisecond is written as a fraction of one.</summary>
    private static string FormatDuration(TimeSpan value)
    {
        foreach (var (unit, ticks) in new[] { ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond) })
        {
            if (value.Ticks != 0 && value.Ticks % ticks == 0)
            {
                return $"{value.Ticks / ticks}{unit}";
            }
        }

        return value == TimeSpan.Zero ? "0s" : string.Create(CultureInfo.InvariantCulture, $"{value.TotalMilliseconds:0.####}ms");
    }

    private static string FormatSize(long value)
    {
        foreach (var (unit, bytes) in new[] { ("TB", 1L << 40), ("GB", 1L << 30), ("MB", 1L << 20), ("KB", 1L << 10) })
        {
            if (value != 0 && value % bytes == 0)
            {
                return $"{value / bytes}{unit}";
            }
        }

        return $"{value}B";
    }

    private static bool IsSame(object? value, object? other) => (value, other) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (IDictionary { Count: var count }, IDictionary) => count == 0,
        (IList { Count: var count }, IList) => count == 0,
        (SecretReference, _) => false,
        _ when StackProperty.IsModel(value.GetType()) => StackProperty.Of(value.GetType()).All(property => IsSame(property.Property.GetValue(value), property.Property.GetValue(other))),
        _ => value.Equals(other),
    };
}
