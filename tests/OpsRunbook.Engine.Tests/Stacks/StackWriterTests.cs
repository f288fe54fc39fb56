using System.Collections;
using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class StackWriterTests
{
    /// <summary>Text that YAML would like to read as something else.</summary>
    public static TheoryData<string> AwkwardTexts =>
    [
        "null", "~", "true", "No", "123", "1.5", "1e3", "0x1F", "0o7", "-1", "+998-XX", ".5", ".nan", "12:30:45", "2026-01-05", "- a", "a: b", "a #b", "#x", "{a}", "[a]", "*a", "&a", "!a", "|", ">",
        "'", "\"", "%x", "@x", "`x`", " leading", "trailing ", "two\nlines", "tab\there", "${env:NAME}", "ü ✓ 漢字 😀", "\u2028", "back\\slash", "=", "<<", "?", "a:", ":a", "...", "---", "5m", "80%",
    ];

    [Theory]
    [MemberData(nameof(AwkwardTexts))]
    public void Text_comes_back_as_it_was(string text)
    {
        var stack = new OpsStack { Name = "x", Description = text, Paths = { ["p"] = text } };

        var again = Read(StackWriter.Write(stack));

        Assert.Equal(text, again.Description);
        Assert.Equal(text, again.Paths["p"]);
    }

    [Fact]
    public void Every_property_of_the_model_comes_back()
    {
        var stack = (OpsStack)Fill(typeof(OpsStack), new StackValueAttribute(), 0)!;
        stack.Path = null;

        var document = StackLoader.Parse(Encoding.UTF8.GetBytes(StackWriter.Write(stack)), "x.yaml");
        document.Stack.Path = null;

        // The filled model is nonsense where parts refer to each other; only its form counts here.
        string[] expected = ["Stack.ReferenceUnknown", "Stack.HostUnknown", "Stack.LimitsInverted", "Stack.NameDuplicate"];
        Assert.Equal(string.Empty, string.Join('\n', document.Problems.Where(problem => !expected.Contains(problem.Error.Id) && !problem.Error.FullMessage.Contains("one way", StringComparison.Ordinal)).Select(problem => problem.Error.FullMessage)));
        ModelAssert.Same(stack, document.Stack);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(5_000_000, "500ms")]
    [InlineData(15, "0.0015ms")]
    [InlineData(600_000_000, "1m")]
    [InlineData(900_000_000, "90s")]
    [InlineData(864_000_000_000, "1d")]
    [InlineData(936_000_000_000, "26h")]
    public void Durations_are_written_in_the_largest_unit_that_is_exact(long ticks, string text)
    {
        var stack = new OpsStack { Maintenance = new StackMaintenance { Notice = TimeSpan.FromTicks(ticks) } };

        var written = StackWriter.Write(stack);

        Assert.Contains($"notice: {text}\n", written, StringComparison.Ordinal);
        Assert.Equal(ticks, Read(written).Maintenance!.Notice!.Value.Ticks);
    }

    [Fact]
    public void Only_what_differs_from_its_default_is_written()
    {
        var stack = new OpsStack { Name = "x", Thresholds = { Disk = new Threshold(70, 90) } };

        Assert.Equal("# Every key is explained in docs/stack-file.md; Test-OpsStack checks the file.\nstack: x\nthresholds:\n  disk:\n    warning: 70\n", StackWriter.Write(stack));
    }

    [Fact]
    public void A_limit_that_was_taken_away_stays_away()
    {
        var again = Read(StackWriter.Write(new OpsStack { Thresholds = { Disk = new Threshold(70, null) } }));

        Assert.Null(again.Thresholds.Disk.Critical);
    }

    [Fact]
    public void A_plain_secret_is_not_written()
    {
        var stack = new OpsStack { Databases = { ["db"] = new StackDatabase { Password = SecretReference.Parse("hunter2") } } };

        var error = Assert.Throws<OpsException>(() => StackWriter.Write(stack));

        Assert.Equal("Stack.PlainSecret", error.Id);
        Assert.Contains("databases.db.password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.FullMessage, StringComparison.Ordinal);
    }

    private static OpsStack Read(string text)
    {
        var document = StackLoader.Parse(Encoding.UTF8.GetBytes(text), "x.yaml");
        Assert.Empty(document.Problems.Select(problem => problem.Error.FullMessage));
        return document.Stack;
    }

    /// <summary>A value of the type in which nothing is at its default.</summary>
    private static object? Fill(Type type, StackValueAttribute rules, int index)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (StackProperty.ItemType(type) is { } itemType)
        {
            var list = (IList)Activator.CreateInstance(type)!;
            list.Add(Fill(itemType, rules, index));
            list.Add(Fill(itemType, rules, index + 1));
            return list;
        }

        if (StackProperty.EntryType(type) is { } entryType)
        {
            var dictionary = (IDictionary)Activator.CreateInstance(type)!;
            dictionary["one"] = Fill(entryType, rules, index);
            dictionary["two"] = Fill(entryType, rules, index + 1);
            return dictionary;
        }

        if (StackProperty.IsModel(type))
        {
            var model = Activator.CreateInstance(type)!;
            foreach (var property in StackProperty.Of(type))
            {
                property.Property.SetValue(model, property.Prefixes is { } prefixes
                    ? prefixes.ToDictionary(prefix => prefix + ".x", prefix => "y", StringComparer.Ordinal)
                    : Fill(property.Property.PropertyType, type == typeof(Threshold) ? rules : property.Value, index));
            }

            return model;
        }

        return type switch
        {
            _ when type == typeof(string) => rules.OneOf.Length > 0 ? rules.OneOf[^1] : rules.Form switch
            {
                StackForm.Url => "http://localhost:1/x",
                StackForm.Endpoint or StackForm.Address => "[::1]:443",
                StackForm.HttpStatus => "2xx,301-399",
                _ => $"text {index}",
            },
            _ when type == typeof(bool) => true,
            _ when type == typeof(int) => 7 + index,
            _ when type == typeof(long) => 3L * 1024 * 1024 + index,
            _ when type == typeof(double) => 12.25 + index,
            _ when type == typeof(TimeSpan) => TimeSpan.FromMilliseconds(1500 + index),
            _ when type == typeof(DateTime) => new DateTime(2026, 12, 20, 18, 30, index, DateTimeKind.Utc),
            _ when type == typeof(DateOnly) => new DateOnly(2026, 1, 5),
            _ when type == typeof(SecretReference) => SecretReference.Parse($"${{file:/run/secrets/{index}}}"),
            _ => Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1),
        };
    }
}
