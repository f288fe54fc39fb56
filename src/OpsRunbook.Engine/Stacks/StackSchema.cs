using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace OpsRunbook.Engine.Stacks;

/// <summary>The JSON schema of stack files, made from the model.</summary>
public static partial class StackSchema
{
    private const string DurationPattern = "^(([0-9]+(\\.[0-9]+)?\\s*([mM][sS]|[sSmMhHdDwW])\\s*)+|[0-9]+(\\.[0-9]+)?|([0-9]+\\.)?[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\\.[0-9]+)?)?)$";
    private const string SizePattern = "^[0-9]+(\\.[0-9]+)?\\s*([bB]|[kKmMgGtTpPeE][iI]?[bB]?)?$";
    private const string PercentPattern = "^(100(\\.0+)?|[0-9]{1,2}(\\.[0-9]+)?)\\s*%?$";

    private static readonly JsonSerializerOptions Layout = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes the schema (draft 7).</summary>
    /// <param name="documentation">XML documentation of the public assembly, for the descriptions.</param>
    /// <returns>The text of <c>opsrunbook.schema.json</c>.</returns>
    public static string Generate(Stream documentation)
    {
        var texts = XDocument.Load(documentation).Descendants("member")
            .Where(member => member.Element("summary") is not null)
            .ToDictionary(member => member.Attribute("name")!.Value, member => PlainText(member.Element("summary")!), StringComparer.Ordinal);
        var definitions = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var root = Model(typeof(OpsStack), new StackValueAttribute(), definitions, texts);
        var schema = new JsonObject
        {
            ["$schema"] = "http://json-schema.org/draft-07/schema#",
            ["title"] = "OpsRunbook stack file",
        };
        foreach (var (key, value) in root.ToList())
        {
            root.Remove(key);
            schema[key] = value;
        }

        schema["definitions"] = new JsonObject(definitions);
        return schema.ToJsonString(Layout).ReplaceLineEndings("\n") + "\n";
    }

    private static JsonObject Model(Type type, StackValueAttribute inherited, SortedDictionary<string, JsonNode?> definitions, Dictionary<string, string> texts)
    {
        var properties = new JsonObject();
        var patterns = new JsonObject();
        foreach (var property in StackProperty.Of(type))
        {
            var rules = type == typeof(Threshold) ? inherited : property.Value;
            var description = texts.GetValueOrDefault($"P:{type.FullName}.{property.Property.Name}");
            if (property.Prefixes is not null)
            {
                patterns[$"^({string.Join('|', property.Prefixes)})(\\..+)?$"] = new JsonObject
                {
                    ["description"] = description,
                    ["type"] = new JsonArray("string", "number", "boolean", "null"),
                };
                continue;
            }

            var value = Value(property.Property.PropertyType, rules, definitions, texts);
            if (property.IsNullable || StackProperty.ItemType(property.Property.PropertyType) is not null || StackProperty.EntryType(property.Property.PropertyType) is not null)
            {
                value = OrNull(value);
            }

            properties[property.Key] = value.ContainsKey("$ref") || description is null
                ? new JsonObject { ["description"] = description, ["allOf"] = new JsonArray(value) }
                : WithDescription(value, description);
        }

        var model = new JsonObject { ["type"] = "object", ["additionalProperties"] = false, ["properties"] = properties };
        if (patterns.Count > 0)
        {
            model["patternProperties"] = patterns;
        }

        if (StackProperty.Of(type).Where(property => property.IsRequired).Select(property => (JsonNode)property.Key).ToArray() is { Length: > 0 } required)
        {
            model["required"] = new JsonArray(required);
        }

        return model;
    }

    private static JsonObject Value(Type type, StackValueAttribute rules, SortedDictionary<string, JsonNode?> definitions, Dictionary<string, string> texts)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (StackProperty.EntryType(type) is { } entry)
        {
            // A member that needs no key may be written as nothing.
            var value = Value(entry, rules, definitions, texts);
            return new JsonObject
            {
                ["type"] = "object",
                ["additionalProperties"] = StackProperty.IsModel(entry) && !Array.Exists(StackProperty.Of(entry), property => property.IsRequired) ? OrNull(value) : value,
            };
        }

        if (StackProperty.ItemType(type) is { } item)
        {
            var list = new JsonObject { ["type"] = "array", ["items"] = Value(item, rules, definitions, texts) };
            return rules.Form == StackForm.Arguments ? list : new JsonObject { ["anyOf"] = new JsonArray(list, Value(item, rules, definitions, texts)) };
        }

        if (StackProperty.IsModel(type))
        {
            var name = type == typeof(Threshold) ? $"Threshold.{rules.Form}" : type.Name;
            if (!definitions.ContainsKey(name))
            {
                definitions[name] = null;
                definitions[name] = Model(type, rules, definitions, texts);
            }

            return new JsonObject { ["$ref"] = $"#/definitions/{name}" };
        }

        return Scalar(type, rules);
    }

    private static JsonObject Scalar(Type type, StackValueAttribute rules)
    {
        if (type.IsEnum)
        {
            return Choice(Enum.GetNames(type).Select(StackBinder.EnumText));
        }

        if (type == typeof(string))
        {
            return rules.OneOf.Length > 0 ? Choice(rules.OneOf)
                : rules.Form == StackForm.Url ? new JsonObject { ["type"] = "string", ["pattern"] = "^[hH][tT][tT][pP][sS]?://." }
                : rules.Form == StackForm.Endpoint ? new JsonObject { ["type"] = "string", ["pattern"] = "^.+:[0-9]{1,5}$" }
                : new JsonObject { ["type"] = new JsonArray("string", "number", "boolean") };
        }

        return type switch
        {
            _ when type == typeof(bool) => new JsonObject { ["type"] = "boolean" },
            _ when type == typeof(int) => WithRange(new JsonObject { ["type"] = "integer" }, rules),
            _ when type == typeof(long) => NumberOr(SizePattern),
            _ when type == typeof(TimeSpan) => NumberOr(DurationPattern),
            _ when type == typeof(double) => rules.Form switch
            {
                StackForm.Percent => WithRange(NumberOr(PercentPattern), new StackValueAttribute { Maximum = 100 }),
                StackForm.Seconds => NumberOr(DurationPattern),
                StackForm.Quantity => new JsonObject { ["type"] = new JsonArray("number", "string") },
                _ => WithRange(new JsonObject { ["type"] = "number" }, rules),
            },
            _ => new JsonObject { ["type"] = "string" },
        };
    }

    private static JsonObject Choice(IEnumerable<string> names) => new() { ["enum"] = new JsonArray([.. names.Select(name => (JsonNode)name)]) };

    private static JsonObject NumberOr(string pattern) => new()
    {
        ["type"] = new JsonArray("number", "string"),
        ["minimum"] = 0,
        ["pattern"] = pattern,
    };

    private static JsonObject WithRange(JsonObject schema, StackValueAttribute rules)
    {
        if (double.IsFinite(rules.Minimum))
        {
            schema["minimum"] = rules.Minimum;
        }

        if (double.IsFinite(rules.Maximum))
        {
            schema["maximum"] = rules.Maximum;
        }

        return schema;
    }

    private static JsonObject OrNull(JsonObject schema) => new() { ["anyOf"] = new JsonArray(schema, new JsonObject { ["type"] = "null" }) };

    private static JsonObject WithDescription(JsonObject schema, string description)
    {
        var described = new JsonObject { ["description"] = description };
        foreach (var (key, value) in schema.ToList())
        {
            schema.Remove(key);
            described[key] = value;
        }

        return described;
    }

    private static string PlainText(XElement element) => Blanks().Replace(
        string.Concat(element.Nodes().Select(node => node switch
        {
            XText text => text.Value,
            XElement { Name.LocalName: "see" } see => $"`{JsonNamingPolicy.CamelCase.ConvertName(see.Attribute("cref")!.Value.Split('.')[^1])}`",
            XElement code => $"`{code.Value}`",
            _ => string.Empty,
        })),
        " ").Trim();

    [GeneratedRegex("\\s+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Blanks();
}
