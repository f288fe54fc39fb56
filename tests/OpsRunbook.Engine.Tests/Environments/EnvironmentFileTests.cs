using System.Text;
using OpsRunbook.Engine.Environments;

namespace OpsRunbook.Engine.Tests.Environments;

public sealed class EnvironmentFileTests
{
    public static TheoryData<EnvironmentDialect> Dialects => [.. Enum.GetValues<EnvironmentDialect>()];

    [Theory]
    [InlineData("# top\n\nA=1\n  B = two words # why\nexport C='x y'\n#A=0\nD=\"q\"\n", "B", "3", "# top\n\nA=1\n  B = 3 # why\nexport C='x y'\n#A=0\nD=\"q\"\n")]
    [InlineData("# top\n\nA=1\n  B = two words # why\nexport C='x y'\n", "C", "z", "# top\n\nA=1\n  B = two words # why\nexport C='z'\n")]
    [InlineData("A=1\r\nB=2\r\nC=3\r\n", "B", "x", "A=1\r\nB=x\r\nC=3\r\n")]
    [InlineData("A=1\r\nB=2", "C", "3", "A=1\r\nB=2\r\nC=3")]
    [InlineData("A=1\nB=2\n", "C", "3", "A=1\nB=2\nC=3\n")]
    [InlineData("", "A", "1", "A=1\n")]
    [InlineData("A=1\nB=2\nA=3\n", "A", "4", "A=1\nB=2\nA=4\n")]
    [InlineData("A='one\ntwo'\nB=2\n", "A", "1", "A='1'\nB=2\n")]
    [InlineData("A=\nB=2", "A", "1", "A=1\nB=2")]
    [InlineData("\uFEFFA=1\n", "A", "2", "\uFEFFA=2\n")]
    [InlineData("A='unclosed\nB=2\n", "A", "1", "A=1\nB=2\n")]
    [InlineData("A=1\n", "A", "", "A=\n")]
    [InlineData("A=1\n", "A", "two words", "A=\"two words\"\n")]
    [InlineData("A='1'\n", "A", "it's", "A=\"it's\"\n")]
    public void Setting_a_key_changes_its_line_only(string before, string key, string value, string after)
    {
        var changed = Parse(before, EnvironmentDialect.Dotenv).Set(key, value);

        Assert.Equal(after, Encoding.UTF8.GetString(changed.ToBytes()));
        Assert.Equal(value, changed.Values[key]);
    }

    [Theory]
    [InlineData("# top\nA=1\nB=2\n# end\n", "A", "# top\nB=2\n# end\n")]
    [InlineData("A=1\nB=2\nA=3\n", "A", "B=2\n")]
    [InlineData("A=1\r\nB=2", "B", "A=1")]
    [InlineData("A='one\ntwo'\nB=2\n", "A", "B=2\n")]
    [InlineData("A=1\n", "C", "A=1\n")]
    public void Removing_a_key_takes_out_its_lines_only(string before, string key, string after) =>
        Assert.Equal(after, Encoding.UTF8.GetString(Parse(before, EnvironmentDialect.Dotenv).Remove(key).ToBytes()));

    [Theory]
    [MemberData(nameof(Dialects))]
    public void Any_file_stays_as_it_is_but_for_the_key(EnvironmentDialect dialect)
    {
        // Whatever a file holds: either one key changes and nothing else does, or the change is refused.
        var random = new Random(20_260_110 + (int)dialect);
        string[] pieces = ["A", "B_1", "export ", "=", "=", "\n", "\n", "\r\n", " ", "\t", "#", ";", "'", "\"", "`", "\\", "$", "${A}", "x", "one two", "é", "-", ":"];
        var done = 0;
        for (var round = 0; round < 4000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => pieces[random.Next(pieces.Length)]));
            var value = string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => pieces[random.Next(pieces.Length)]));
            var file = Parse(text, dialect);
            Assert.Equal(text, Encoding.UTF8.GetString(file.ToBytes()));
            try
            {
                var changed = file.Set("KEY", value);
                done++;
                Assert.Equal(value, changed.Values["KEY"]);
                Assert.StartsWith(text, Encoding.UTF8.GetString(changed.ToBytes()), StringComparison.Ordinal);
                var back = changed.Remove("KEY");
                Assert.Equal(file.Values, back.Values);
                if (text.Length == 0 || text[^1] is '\n')
                {
                    Assert.Equal(text, Encoding.UTF8.GetString(back.ToBytes()));
                }

                foreach (var key in file.Values.Keys.Where(key => key is "A" or "B_1"))
                {
                    var without = new Dictionary<string, string>(file.Set(key, value).Values);
                    Assert.True(without.Remove(key, out var set) && set == value);
                    Assert.Equal(file.Values.Where(pair => pair.Key != key).OrderBy(pair => pair.Key, StringComparer.Ordinal), without.OrderBy(pair => pair.Key, StringComparer.Ordinal));
                }
            }
            catch (OpsException error)
            {
                Assert.Contains(error.Id, new[] { "Environment.ValueInvalid", "Environment.FileAmbiguous" });
            }
        }

        Assert.InRange(done, 400, 4000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1A")]
    [InlineData("-A")]
    [InlineData("A B")]
    [InlineData("A;B")]
    [InlineData("$(id)")]
    [InlineData("A=B")]
    [InlineData("A\nB")]
    [InlineData("Ä")]
    public void A_name_that_is_none_is_refused(string key)
    {
        var file = Parse("A=1\n", EnvironmentDialect.Systemd);

        Assert.Equal("Environment.NameInvalid", Assert.Throws<OpsException>(() => file.Set(key, "x")).Id);
        Assert.Equal("Environment.NameInvalid", Assert.Throws<OpsException>(() => file.Remove(key)).Id);
    }

    [Fact]
    public void A_value_that_a_dialect_cannot_hold_is_refused_without_being_shown()
    {
        const string value = "hunter2 '\"`\\ ${X}";

        foreach (var dialect in new[] { EnvironmentDialect.Compose, EnvironmentDialect.Dotenv })
        {
            var error = Assert.Throws<OpsException>(() => Parse("A=1\n", dialect).Set("A", value));
            Assert.Equal("Environment.ValueInvalid", error.Id);
            Assert.DoesNotContain("hunter2", error.FullMessage, StringComparison.Ordinal);
        }

        Assert.Equal("Environment.ValueInvalid", Assert.Throws<OpsException>(() => Parse("A=1\n", EnvironmentDialect.Docker).Set("A", "two\nlines")).Id);
        Assert.Equal(value, Parse("A=1\n", EnvironmentDialect.Systemd).Set("A", value).Values["A"]);
    }

    [Fact]
    public void What_is_no_text_is_refused()
    {
        Assert.Equal("Environment.FileInvalid", Assert.Throws<OpsException>(() => EnvironmentFile.Parse("/x", [0x41, 0x3d, 0xff], EnvironmentDialect.Systemd)).Id);
        Assert.Equal("Environment.FileInvalid", Assert.Throws<OpsException>(() => EnvironmentFile.Parse("/x", "A=\0"u8, EnvironmentDialect.Systemd)).Id);
    }

    [Fact]
    public void What_readers_may_take_otherwise_is_told_with_its_line_and_without_its_value()
    {
        Assert.Equal(["/x:2: A is set 2 times; this last one counts."], Parse("A=hunter2\nA=hunter2\n", EnvironmentDialect.Systemd).Problems);
        Assert.Contains("/x:1: this line: systemd ignores it", Assert.Single(Parse("export A=hunter2\n", EnvironmentDialect.Systemd).Problems), StringComparison.Ordinal);
        Assert.Contains("before version 254", Assert.Single(Parse("# a \\\nA=hunter2\n", EnvironmentDialect.Systemd).Problems), StringComparison.Ordinal);
        Assert.Contains("replaces what follows", Assert.Single(Parse("A=hunter2$X\n", EnvironmentDialect.Compose).Problems), StringComparison.Ordinal);
        Assert.Contains("docker refuses", Assert.Single(Parse("A B=hunter2\n", EnvironmentDialect.Docker).Problems), StringComparison.Ordinal);
        Assert.Contains("around the whole value", Assert.Single(Parse("A='hunter2'x\n", EnvironmentDialect.Dotenv).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unclosed_quote_of_systemd_is_not_changed_around()
    {
        var error = Assert.Throws<OpsException>(() => Parse("A=\"open\nB=2\n", EnvironmentDialect.Systemd).Set("B", "3"));

        Assert.Equal("Environment.FileAmbiguous", error.Id);
        Assert.Contains("not closed", error.Message, StringComparison.Ordinal);
    }

    private static EnvironmentFile Parse(string text, EnvironmentDialect dialect) => EnvironmentFile.Parse("/x", Encoding.UTF8.GetBytes(text), dialect);
}
