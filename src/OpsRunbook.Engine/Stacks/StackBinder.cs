using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Fills the stack model from nodes. What does not fit is noted and left at its default.</summary>
internal sealed partial class StackBinder(ConfigProblems problems)
{
    private static readonly StackValueAttribute AnyValue = new();

    /// <summary>Every key path and where it stands.</summary>
    public Dictionary<string, ConfigNode> Positions { get; } = new(StringComparer.Ordinal);

    /// <summary>Every place that names a member of another section.</summary>
    public List<StackReferenceUse> References { get; } = [];

    /// <summary>What the operator should be told although the file is valid.</summary>
    public List<(int Line, string Key, string Message)> Warnings { get; } = [];

    /// <summary>Fills a whole stack.</summary>
    public OpsStack Bind(ConfigNode root)
    {
        var stack = new OpsStack();
        if (root.Entries is null)
        {
            problems.Add("Stack.ValueInvalid", root, string.Empty, $"the file holds {root.Kind}, expected a mapping (key: value) that begins with 'stack:'.", "Look at docs/stack-file.md for the keys.");
        }
        else
        {
            BindModel(stack, root, string.Empty, AnyValue);
        }

        return stack;
    }

    private void BindModel(object model, ConfigNode node, string path, StackValueAttribute inherited)
    {
        if (node.Entries is null)
        {
            WrongType(node, path, "a mapping (key: value)");
            return;
        }

        var properties = StackProperty.Of(model.GetType());
        foreach (var (key, value) in node.Entries)
        {
            var name = key.Text!;
            var keyPath = Join(path, name);
            Positions[keyPath] = value;
            var property = Array.Find(properties, property => property.Prefixes is null && property.Key == name);
            if (property is not null)
            {
                BindProperty(model, property, value, keyPath, inherited);
            }
            else if (Array.Find(properties, property => property.Gathers(name)) is { } conditions)
            {
                BindCondition((Dictionary<string, string>)conditions.Property.GetValue(model)!, name, value, keyPath);
            }
            else
            {
                UnknownKey(key, keyPath, properties);
            }
        }

        CheckRequired(properties, node, path);
    }

    private void CheckRequired(StackProperty[] properties, ConfigNode node, string path)
    {
        foreach (var property in properties.Where(property => property.IsRequired && node.Find(property.Key) is null))
        {
            problems.Add("Stack.KeyMissing", node, Join(path, property.Key), $"{Join(path, property.Key)} is missing.", $"Add '{property.Key}:'.");
        }
    }

    private void BindProperty(object model, StackProperty property, ConfigNode node, string path, StackValueAttribute inherited)
    {
        var type = property.Property.PropertyType;
        var rules = property.Value.Form == StackForm.Any && model is Threshold ? inherited : property.Value;
        if (node.IsNull)
        {
            if (property.IsRequired)
            {
                problems.Add("Stack.KeyMissing", node, path, $"{path} has no value.", $"Write one after '{property.Key}:'.");
            }
            else if (property.IsNullable)
            {
                property.Property.SetValue(model, null);
            }
            else if (!StackProperty.IsModel(type) && StackProperty.ItemType(type) is null && StackProperty.EntryType(type) is null)
            {
                WrongType(node, path, Expected(type, rules));
            }

            return;
        }

        if (property.IsRequired && (node.Text is "" || node.Items is { Count: 0 }))
        {
            problems.Add("Stack.KeyMissing", node, path, $"{path} is empty.", $"Write a value after '{property.Key}:'.");
            return;
        }

        if (rules.KeysReferTo.Length > 0)
        {
            References.AddRange((node.Entries ?? []).Select(entry => new StackReferenceUse(entry.Key.Text!, Join(path, entry.Key.Text!), entry.Key, rules.KeysReferTo)));
        }

        // A mapping that changes one limit of a pair leaves the other at its default.
        if (BindValue(type, rules, node, path, property.Property.GetValue(model)) is { } value)
        {
            property.Property.SetValue(model, value);
        }
    }

    /// <summary>The value of a node; null when it does not fit, which is then noted.</summary>
    private object? BindValue(Type type, StackValueAttribute rules, ConfigNode node, string path, object? existing)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (StackProperty.EntryType(type) is { } entryType)
        {
            return BindDictionary(type, entryType, rules, node, path);
        }

        if (StackProperty.ItemType(type) is { } itemType)
        {
            return BindList(type, itemType, rules, node, path);
        }

        if (StackProperty.IsModel(type))
        {
            var model = existing ?? Activator.CreateInstance(type)!;
            if (node.IsNull)
            {
                CheckRequired(StackProperty.Of(type), node, path);
            }
            else
            {
                BindModel(model, node, path, rules);
            }

            return model;
        }

        if (node.Text is null || (node.IsNull && type != typeof(string)))
        {
            WrongType(node, path, Expected(type, rules));
            return null;
        }

        return BindScalar(type, rules, node, path);
    }

    private IDictionary? BindDictionary(Type type, Type entryType, StackValueAttribute rules, ConfigNode node, string path)
    {
        if (node.Entries is null)
        {
            WrongType(node, path, "a mapping (name: …)");
            return null;
        }

        var dictionary = (IDictionary)Activator.CreateInstance(type)!;
        foreach (var (key, value) in node.Entries)
        {
            var name = key.Text!;
            var entryPath = Join(path, name);
            Positions[entryPath] = value;
            if (!MemberName().IsMatch(name))
            {
                problems.Add("Stack.NameInvalid", key, entryPath, $"{entryPath}: the name has characters that a name must not have.", "Leave out control characters, commas, wildcards (* ? [ ]) and blanks at either end.");
                continue;
            }

            if (BindValue(entryType, rules, value, entryPath, existing: null) is { } item)
            {
                dictionary[name] = item;
            }
        }

        return dictionary;
    }

    private IList? BindList(Type type, Type itemType, StackValueAttribute rules, ConfigNode node, string path)
    {
        if (node.Items is null && rules.Form == StackForm.Arguments)
        {
            WrongType(node, path, StackForms.Describe(StackForm.Arguments));
            return null;
        }

        // One item may stand for a list of one.
        var list = (IList)Activator.CreateInstance(type)!;
        var items = node.Items ?? [node];
        for (var i = 0; i < items.Count; i++)
        {
            var itemPath = node.Items is null ? path : $"{path}[{i}]";
            Positions[itemPath] = items[i];
            if (items[i].IsNull)
            {
                WrongType(items[i], itemPath, Expected(itemType, rules));
            }
            else if (BindValue(itemType, rules, items[i], itemPath, existing: null) is { } item)
            {
                list.Add(item);
            }
        }

        return list;
    }

    private object? BindScalar(Type type, StackValueAttribute rules, ConfigNode node, string path)
    {
        var text = node.Text!;
        if (type == typeof(SecretReference))
        {
            return BindSecret(node, path);
        }

        if (type == typeof(string))
        {
            return BindText(rules, node, path);
        }

        object? value = null;
        if (type == typeof(TimeSpan))
        {
            value = StackForms.TryReadDuration(text, out var duration) ? duration : null;
        }
        else if (type == typeof(long))
        {
            value = ByteSize.TryParse(text, out var bytes) ? bytes : null;
        }
        else if (type == typeof(double))
        {
            value = StackForms.TryReadNumber(rules.Form, text, out var number) ? number : null;
        }
        else if (type == typeof(int))
        {
            value = node.IsPlain && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
        }
        else if (type == typeof(bool))
        {
            value = node.IsPlain ? text switch { "true" or "True" or "TRUE" => true, "false" or "False" or "FALSE" => false, _ => null } : null;
        }
        else if (type == typeof(DateTime))
        {
            value = DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out var moment) ? moment : null;
        }
        else if (type == typeof(DateOnly))
        {
            value = DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
        }
        else if (type.IsEnum)
        {
            value = Enum.GetNames(type).FirstOrDefault(name => EnumText(name) == text) is { } name ? Enum.Parse(type, name) : null;
        }

        var inRange = value is null or not (int or double) || Convert.ToDouble(value, CultureInfo.InvariantCulture) is var n && n >= rules.Minimum && n <= rules.Maximum;
        if (value is null || !inRange)
        {
            var nearest = type.IsEnum ? Nearest.Find(text, Enum.GetNames(type).Select(EnumText)) : null;
            WrongType(node, path, Expected(type, rules), nearest is null ? null : $"Did you mean '{nearest}'?");
            return null;
        }

        return value;
    }

    private string? BindText(StackValueAttribute rules, ConfigNode node, string path)
    {
        var text = node.Text!;
        if (rules.OneOf.Length > 0 && !rules.OneOf.Contains(text, StringComparer.Ordinal))
        {
            WrongType(node, path, $"one of {string.Join(", ", rules.OneOf)}", Nearest.Find(text, rules.OneOf) is { } nearest ? $"Did you mean '{nearest}'?" : null);
            return null;
        }

        if (!StackForms.Fits(rules.Form, text))
        {
            WrongType(node, path, StackForms.Describe(rules.Form));
            return null;
        }

        if (rules.RefersTo.Length > 0)
        {
            References.Add(new StackReferenceUse(text, path, node, rules.RefersTo));
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Contains(':', StringComparison.Ordinal))
        {
            WarnPlain(node, path);
        }

        return text;
    }

    private SecretReference? BindSecret(ConfigNode node, string path)
    {
        var text = node.Text!;
        if (text.Length == 0)
        {
            return null;
        }

        var secret = SecretReference.Parse(text);
        if (secret.Source != SecretSource.Plain)
        {
            if (string.IsNullOrWhiteSpace(secret.Name) || (secret.Source == SecretSource.File && !IsAbsolute(secret.Name)))
            {
                problems.Add("Stack.SecretInvalid", node, path, $"{path}: the secret reference {secret} names nothing that can be read.", "Write ${env:NAME}, ${file:/absolute/path} or ${secret:vault/name}.");
                return null;
            }

            return secret;
        }

        if (text.StartsWith("${", StringComparison.Ordinal))
        {
            // The text is not repeated: what follows a misspelt source may be the secret itself.
            var nearest = Nearest.Find(text[2..].Split(':', '}')[0], ["env", "file", "secret"]);
            problems.Add(
                "Stack.SecretInvalid",
                node,
                path,
                $"{path}: this is not a secret reference, although it begins like one.",
                (nearest is null ? string.Empty : $"Did you mean '${{{nearest}:…}}'? ") + "Write ${env:NAME}, ${file:/absolute/path} or ${secret:vault/name}.");
            return null;
        }

        if (EmbeddedReference().IsMatch(text))
        {
            problems.Add("Stack.SecretInvalid", node, path, $"{path}: a secret reference must be the whole value.", "Put the text around it (such as 'Bearer ') into the secret itself.");
            return null;
        }

        // Of request headers and the like, most are no secrets.
        if (!path.Contains(".headers.", StringComparison.Ordinal) || SecretHeader().IsMatch(path[(path.LastIndexOf('.') + 1)..]))
        {
            WarnPlain(node, path);
        }

        return secret;
    }

    private void BindCondition(Dictionary<string, string> conditions, string name, ConfigNode node, string path)
    {
        if (node.Text is null)
        {
            WrongType(node, path, "the text, number or pattern that must be found", node.Entries is null ? null : $"Write the path with dots: '{name}.{node.Entries.Select(entry => entry.Key.Text).FirstOrDefault() ?? "key"}: …'.");
            return;
        }

        if (node.Text is ['/', .. var pattern, '/'])
        {
            try
            {
                _ = new Regex(pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
            }
            catch (ArgumentException error)
            {
                problems.Add("Stack.ValueInvalid", node, path, $"{path}: the regular expression is not valid: {error.Message}", "Mend the expression between the slashes.");
                return;
            }
        }

        conditions[name] = node.IsNull ? "null" : node.Text;
    }

    private void UnknownKey(ConfigNode key, string path, StackProperty[] properties)
    {
        var known = properties.SelectMany(property => property.Prefixes ?? [property.Key]).ToList();
        problems.Add("Stack.KeyUnknown", key, path, $"{path} is not a known key.", Nearest.Suggest(key.Text!, known));
    }

    private void WrongType(ConfigNode node, string path, string expected, string? next = null)
    {
        var found = node.Text is { Length: > 0 } text && !node.IsNull && !MayBeSecret(path, text)
            ? $"'{(text.Length > 60 ? text[..60] + "…" : text)}'{(node.IsPlain || !expected.Contains("number", StringComparison.Ordinal) && expected is not "true or false" ? string.Empty : " in quotes")}"
            : node is { Text: "", IsPlain: false } ? "an empty text"
            : node.Kind;
        problems.Add("Stack.ValueInvalid", node, path, $"{path} is {found}, expected {expected}.", next);
    }

    private void WarnPlain(ConfigNode node, string path) =>
        Warnings.Add((node.Line, path, $"A plain secret in {problems.File} line {node.Line} ({path}). Write ${{env:NAME}}, ${{file:PATH}} or ${{secret:VAULT/NAME}} instead."));

    private static bool MayBeSecret(string path, string text) =>
        path.EndsWith("assword", StringComparison.Ordinal) || path.EndsWith("oken", StringComparison.Ordinal) || text.Contains('@', StringComparison.Ordinal);

    private static string Expected(Type type, StackValueAttribute rules)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var range = double.IsFinite(rules.Minimum) && double.IsFinite(rules.Maximum)
            ? string.Create(CultureInfo.InvariantCulture, $" from {rules.Minimum} to {rules.Maximum}")
            : double.IsFinite(rules.Minimum) ? string.Create(CultureInfo.InvariantCulture, $" of at least {rules.Minimum}") : string.Empty;
        return type switch
        {
            _ when type == typeof(TimeSpan) => "a duration such as 500ms, 30s, 10m, 2h or 7d",
            _ when type == typeof(long) => "a size such as 500MB or 2GB",
            _ when type == typeof(int) => "a whole number" + range,
            _ when type == typeof(double) => StackForms.Describe(rules.Form) + range,
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(DateTime) => "a moment such as 2026-12-20 or 2026-12-20T18:00:00Z",
            _ when type == typeof(DateOnly) => "a day such as 2026-01-05",
            _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type).Select(EnumText))}",
            _ when type == typeof(SecretReference) => "a secret such as ${env:NAME}",
            _ when StackProperty.IsModel(type) => "a mapping (key: value)",
            _ when rules.Form is not StackForm.Any => StackForms.Describe(rules.Form),
            _ => "text",
        };
    }

    /// <summary>An enumeration's value as the file writes it.</summary>
    public static string EnumText(string name) => name.ToLowerInvariant();

    private static bool IsAbsolute(string path) => path.StartsWith('/') || Path.IsPathFullyQualified(path);

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    [GeneratedRegex(@"^[^\s\p{C},*?\[\]](?:[^\p{C},*?\[\]]*[^\s\p{C},*?\[\]])?$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex MemberName();

    [GeneratedRegex(@"\$\{(?:env|file|secret):", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EmbeddedReference();

    [GeneratedRegex("auth|cookie|token|secret|key|password", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex SecretHeader();
}
