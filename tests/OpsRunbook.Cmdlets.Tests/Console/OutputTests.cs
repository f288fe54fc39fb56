using System.Text.Json;
using OpsRunbook.ConsoleRunner.Output;

namespace OpsRunbook.Cmdlets.Tests.Runner;

public sealed class OutputTests
{
    [Fact]
    public void A_table_has_the_widths_and_alignment_of_the_format_file_and_fills_the_line()
    {
        const string Columns = """
            <TableHeaders>
              <TableColumnHeader><Label>Status</Label><Width>8</Width></TableColumnHeader>
              <TableColumnHeader><Label>Latency</Label><Width>10</Width><Alignment>Right</Alignment></TableColumnHeader>
              <TableColumnHeader><Width>7</Width></TableColumnHeader>
              <TableColumnHeader><Label>Message</Label></TableColumnHeader>
            </TableHeaders>
            <TableRowEntries><TableRowEntry><TableColumnItems>
              <TableColumnItem><ScriptBlock>[OpsRunbook.Display]::Status($_.Status)</ScriptBlock></TableColumnItem>
              <TableColumnItem><ScriptBlock>[OpsRunbook.Display]::Time($_.Latency)</ScriptBlock></TableColumnItem>
              <TableColumnItem><PropertyName>Kind</PropertyName></TableColumnItem>
              <TableColumnItem><PropertyName>Message</PropertyName></TableColumnItem>
            </TableColumnItems></TableRowEntry></TableRowEntries>
            """;
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                file,
                $"<Configuration><ViewDefinitions><View><Name>n</Name><ViewSelectedBy><TypeName>OpsRunbook.ServiceHealth</TypeName></ViewSelectedBy><TableControl>{Columns}</TableControl></View></ViewDefinitions></Configuration>");
            using var output = new StringWriter { NewLine = "\n" };
            var writer = new TableWriter(output, file, width: 40, colours: false, onTerminal: false, lists: false);
            foreach (var kind in new[] { MemberKind.Cache, MemberKind.WebServer })
            {
                writer.Write(new ServiceHealth
                {
                    Status = HealthStatus.Warning,
                    Name = "api",
                    Kind = kind,
                    Message = "A message\u001b[31m that is long",
                    Latency = TimeSpan.FromMilliseconds(12),
                });
            }

            Assert.Equal(
                [
                    "Status      Latency Kind    Message",
                    "------      ------- ----    -------",
                    "Warning        12ms Cache   A message␛[…",
                    "Warning        12ms WebSer… A message␛[…",
                    string.Empty,
                ],
                output.ToString().Split('\n'));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_narrow_terminal_loses_columns_from_the_right()
    {
        var lines = Run.With(new Setting { Width = 40 }, "Get-TestHealth", "Healthy").Out.Split('\n');
        Assert.Equal("Status   Name", lines[0][..13]);
        Assert.All(lines, line => Assert.True(CellText.Width(line) <= 40, line));
    }

    [Fact]
    public void Colours_are_for_terminals_only()
    {
        Assert.Contains("\u001b[32mHealthy\u001b[0m", Run.With(new Setting { Colours = true }, "Get-TestHealth", "Healthy").Out, StringComparison.Ordinal);
        foreach (var format in new[] { "Table", "List", "Json", "NdJson" })
        {
            Assert.DoesNotContain('\u001b', Run.Of("Get-TestHealth", "Healthy", "-OutputFormat", format).Out);
        }
    }

    [Theory]
    [InlineData("abc", 5, false, "abc  ")]
    [InlineData("abc", 5, true, "  abc")]
    [InlineData("abcdef", 5, false, "abcd…")]
    [InlineData("abcdef", 5, true, "…cdef")]
    [InlineData("日本語", 5, false, "日本…")]
    [InlineData("日本語", 4, false, "日… ")]
    [InlineData("\u001b[31mabcdef\u001b[0m", 5, false, "\u001b[31mabcd…\u001b[0m")]
    [InlineData("\u001b[31mabc\u001b[0m", 5, false, "\u001b[31mabc\u001b[0m  ")]
    [InlineData("e\u0301e\u0301e\u0301", 3, false, "e\u0301e\u0301e\u0301")]
    public void Cells_are_measured_as_a_terminal_shows_them(string text, int width, bool right, string expected) =>
        Assert.Equal(expected, CellText.Fit(text, width, right));

    [Fact]
    public void Json_is_always_an_array()
    {
        Assert.Equal("[]\n", Run.Of("Get-Plate", "-Count", "0", "-OutputFormat", "Json").Out);
        Assert.Equal(1, JsonDocument.Parse(Run.Of("Get-Plate", "-OutputFormat", "Json").Out).RootElement.GetArrayLength());
        Assert.Equal(3, JsonDocument.Parse(Run.Of("Get-Plate", "-Count", "3", "-OutputFormat", "Json").Out).RootElement.GetArrayLength());
    }

    [Fact]
    public void Json_ends_well_after_an_error() =>
        Assert.Equal(1, JsonDocument.Parse(Run.Of("Get-TestHealth", "Healthy,end", "-OutputFormat", "Json").Out).RootElement.GetArrayLength());

    [Fact]
    public void Json_has_the_objects_own_names_and_plain_values()
    {
        var plate = JsonDocument.Parse(Run.Of("Get-Plate", "-OutputFormat", "NdJson").Out).RootElement;
        Assert.Equal(["Name", "Colour", "Age", "At", "Ratio", "Tags", "Inner"], plate.EnumerateObject().Select(property => property.Name));
        Assert.Equal("Green", plate.GetProperty("Colour").GetString());
        Assert.Equal("00:01:30.5000000", plate.GetProperty("Age").GetString());
        Assert.Equal("2026-01-23T10:30:00Z", plate.GetProperty("At").GetString());
        Assert.Equal(JsonValueKind.Null, plate.GetProperty("Ratio").ValueKind);
        Assert.Equal("\ufffd\u001b[31m", plate.GetProperty("Inner").GetProperty("Name").GetString());
    }

    [Fact]
    public void Json_lets_no_control_character_through()
    {
        var json = Run.With("\"" + string.Concat(Enumerable.Range(0, 0xa0).Select(code => $"\\u{code:x4}")) + "\\u2028\\u202e\"", "Copy-Plate", "-OutputFormat", "NdJson").Out;
        Assert.DoesNotContain(json.TrimEnd('\n'), char.IsControl);
    }

    [Fact]
    public void Csv_quotes_what_must_be_quoted()
    {
        var lines = Run.Of("Get-Plate", "-Count", "2", "-OutputFormat", "Csv").Out.Split("\r\n");
        Assert.Equal("Name,Colour,Age,At,Ratio,Tags,Inner", lines[0]);
        Assert.StartsWith("\"p1, \"\"x\"\"\",Green,00:01:30.5000000,2026-01-23T10:30:00Z,NaN,a; b,", lines[1], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
    }

    [Fact]
    public void A_type_without_a_view_is_a_list()
    {
        var lines = Run.Of("Get-Plate").Lines;
        Assert.Equal("Name   : p1, \"x\"", lines[0]);
        Assert.Equal("Tags   : a, b", lines[5]);
        Assert.StartsWith("Inner  : plate ", lines[6], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "Healthy")]
    [InlineData(1, "Healthy,Warning")]
    [InlineData(2, "Warning,Critical,Unknown")]
    [InlineData(3, "Healthy,Unknown")]
    [InlineData(3, "Healthy,error")]
    [InlineData(2, "Critical,error")]
    [InlineData(3, "error")]
    [InlineData(3, "end")]
    [InlineData(0, "")]
    public void The_exit_code_is_the_worst_status_and_an_error_is_unknown(int expected, string statuses) =>
        Assert.Equal(expected, Run.Of(statuses.Length == 0 ? ["Get-TestHealth"] : ["Get-TestHealth", statuses]).ExitCode);

    [Fact]
    public void An_error_is_one_line_with_next_step_and_id() =>
        Assert.Equal("opsrunbook: Get-TestHealth: The check of 'x' failed. Try again. [Test.Failed]\n", Run.Of("Get-TestHealth", "error").Error);

    [Fact]
    public void A_defect_prints_its_stack_with_debug_only()
    {
        Assert.DoesNotContain("   at ", Run.Of("Invoke-Defect").Error, StringComparison.Ordinal);
        Assert.Contains("   at ", Run.Of("Invoke-Defect", "-Debug").Error, StringComparison.Ordinal);
    }
}
