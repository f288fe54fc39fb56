using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

/// <summary>The reference in <c>docs/stack-file.md</c> is made from the model, and its examples are read.</summary>
public sealed partial class StackFileDocTests
{
    private const string Page = "docs/stack-file.md";
    private const string Begin = "<!-- keys: written by the tests from the model -->\n";
    private const string End = "<!-- end of keys -->\n";

    /// <summary>Set <c>OPSRUNBOOK_UPDATE_SCHEMA=1</c> to write the tables after a change of the model.</summary>
    [Fact]
    public void The_tables_of_keys_are_those_of_the_model()
    {
        var page = File.ReadAllText(Repository.File(Page));
        var (before, after) = (page[..(page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length)], page[page.IndexOf(End, StringComparison.Ordinal)..]);
        var tables = Tables();
        if (Environment.GetEnvironmentVariable("OPSRUNBOOK_UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(Repository.File(Page), before + tables + after);
        }

        Assert.Equal(before + tables + after, File.ReadAllText(Repository.File(Page)));
    }

    [Fact]
    public void Every_example_of_the_page_is_valid()
    {
        var examples = Example().Matches(File.ReadAllText(Repository.File(Page))).Select(match => match.Groups[1].Value).ToList();

        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(StackLoader.Parse(Encoding.UTF8.GetBytes(example), Page).Problems.Select(problem => problem.Error.FullMessage)));
    }

    private static string Tables()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Repository.File("module/opsrunbook.schema.json")))!;
        var text = new StringBuilder();
        var done = new HashSet<Type>();
        Section("the file itself", typeof(OpsStack), new OpsStack(), schema["properties"]!.AsObject());
        return text.ToString();

        void Section(string title, Type type, object defaults, JsonObject properties)
        {
            if (!done.Add(type))
            {
                return;
            }

            text.Append(CultureInfo.InvariantCulture, $"\n### {title}\n\n| key | type | default | meaning |\n|---|---|---|---|\n");
            foreach (var property in StackProperty.Of(type))
            {
                var description = property.Prefixes is null
                    ? properties[property.Key]?["description"]?.GetValue<string>()
                    : "What must be found in the answer; see [Conditions](#conditions).";
                var key = property.Prefixes is null ? property.Key : string.Join("`, `", property.Prefixes.Select(prefix => prefix + ".…"));
                text.Append(CultureInfo.InvariantCulture, $"| `{key}` | {TypeText(property.Property.PropertyType, property.Value)} | {Default(property, defaults)} | {description?.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
            }

            foreach (var property in StackProperty.Of(type).Where(property => property.Prefixes is null))
            {
                var inner = Inner(property.Property.PropertyType);
                if (StackProperty.IsModel(inner) && inner != typeof(Threshold) && schema["definitions"]![inner.Name] is { } definition)
                {
                    var isOne = StackProperty.IsModel(property.Property.PropertyType);
                    var parent = type == typeof(OpsStack) ? string.Empty : $"{title}.";
                    Section(
                        StackProperty.EntryType(property.Property.PropertyType) is null ? parent + property.Key : $"{parent}{property.Key}.NAME",
                        inner,
                        (isOne ? property.Property.GetValue(defaults) : null) ?? Activator.CreateInstance(inner)!,
                        definition["properties"]!.AsObject());
                }
            }
        }
    }

    private static Type Inner(Type type) => StackProperty.ItemType(type) is { } item ? Inner(item)
        : StackProperty.EntryType(type) is { } entry ? Inner(entry)
        : Nullable.GetUnderlyingType(type) ?? type;

    private static string TypeText(Type type, StackValueAttribute rules)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var range = double.IsFinite(rules.Minimum) && double.IsFinite(rules.Maximum) ? string.Create(CultureInfo.InvariantCulture, $" {rules.Minimum}–{rules.Maximum}") : string.Empty;
        return type switch
        {
            _ when StackProperty.ItemType(type) is { } item => rules.Form == StackForm.Arguments ? "argument list" : $"list of {TypeText(item, rules)}",
            _ when StackProperty.EntryType(type) is { } entry => $"NAME: {TypeText(entry, new StackValueAttribute { Form = rules.Form })}",
            _ when type == typeof(Threshold) => $"`warning`, `critical`: {(rules.Form == StackForm.Seconds ? "duration" : rules.Form == StackForm.Percent ? "percent" : "number")}",
            _ when StackProperty.IsModel(type) => "mapping",
            _ when rules.RefersTo.Length > 0 => $"name in {string.Join(", ", rules.RefersTo)}",
            _ when rules.OneOf.Length > 0 => string.Join(", ", rules.OneOf.Select(value => $"`{value}`")),
            _ when type.IsEnum => string.Join(", ", Enum.GetNames(type).Select(name => $"`{StackBinder.EnumText(name)}`")),
            _ when type == typeof(bool) => "true, false",
            _ when type == typeof(int) => "whole number" + range,
            _ when type == typeof(long) => "size",
            _ when type == typeof(TimeSpan) => "duration",
            _ when type == typeof(double) => rules.Form == StackForm.Quantity ? "number with any unit" : "number" + range,
            _ when type == typeof(DateTime) => "moment, UTC",
            _ when type == typeof(DateOnly) => "day",
            _ when type == typeof(SecretReference) => "secret",
            _ => rules.Form switch
            {
                StackForm.Url => "http(s) address",
                StackForm.Endpoint => "host:port",
                StackForm.Address => "host:port, or port",
                StackForm.HttpStatus => "HTTP status",
                _ => "text",
            },
        };
    }

    private static string Default(StackProperty property, object defaults) => property.IsRequired ? "**required**" : property.Property.GetValue(defaults) switch
    {
        Threshold limits => string.Create(CultureInfo.InvariantCulture, $"{limits.Warning}, {limits.Critical}"),
        string { Length: > 0 } text => $"`{text}`",
        bool flag => flag ? "true" : "false",
        int number when property.Property.PropertyType == typeof(int) => number.ToString(CultureInfo.InvariantCulture),
        TimeSpan duration => Duration.Format(duration),
        Enum choice => $"`{StackBinder.EnumText(choice.ToString())}`",
        _ => string.Empty,
    };

    [GeneratedRegex("```yaml\n(.*?)```", RegexOptions.Singleline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Example();
}
