using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using OpsRunbook.Engine.Health.Reports;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Health;

public sealed partial class HealthReportTests
{
    private const string Evil = "a|b\n\u001b[31m'quoted' \"x\" = \\ <&>\u0000\ud800 ]]>";

    public static TheoryData<HealthStatus[], string> FirstLines => new()
    {
        { [HealthStatus.Healthy, HealthStatus.Healthy], "OK - 2 members healthy" },
        { [HealthStatus.Healthy, HealthStatus.Warning], "WARNING - 1 warning, 1 healthy of 2: m1: Warning message" },
        { [HealthStatus.Unknown, HealthStatus.Critical, HealthStatus.Warning], "CRITICAL - 1 critical, 1 warning, 1 unknown of 3: m1: Critical message" },
        { [HealthStatus.Unknown, HealthStatus.Healthy], "UNKNOWN - 1 unknown, 1 healthy of 2: m0: Unknown message" },
        { [HealthStatus.Critical], "CRITICAL - m0: Critical message" },
        { [], "UNKNOWN - nothing was checked" },
    };

    [Theory]
    [MemberData(nameof(FirstLines))]
    public void Nagios_begins_with_the_worst_status(HealthStatus[] statuses, string line)
    {
        var text = HealthReport.Write(HealthReportFormat.Nagios, [.. statuses.Select((status, i) => Member($"m{i}", status, $"{status} message"))]);

        Assert.Equal(line, text.Split('\n')[0]);
    }

    [Fact]
    public void Nagios_names_the_root_cause_before_what_suffers_from_it()
    {
        var text = HealthReport.Write(
            HealthReportFormat.Nagios,
            [Member("api", HealthStatus.Critical, "answered 503", cause: "db"), Member("db", HealthStatus.Critical, "port closed")]);

        Assert.Equal(
            "CRITICAL - 2 critical of 2: db: port closed\nCRITICAL: api: answered 503 (caused by db)\nCRITICAL: db: port closed",
            text);
    }

    [Fact]
    public void Nagios_performance_data_obeys_the_guidelines_and_agrees_with_the_status()
    {
        Measurement[] measurements =
        [
            new("latency", 0.0123456789, "s", 0.5, 2, 0),
            new("at the limit", 80, "%", 80, 90, 0, 100),
            new("over", 90.5, "%", 80, 90, 0, 100),
            new("/var/lib", 5e12, "B", null, 4e12, 0, 6e12),
            new("tiny", 1e-7, "s"),
            new("requests", 12, "c"),
            new("odd unit", -3, "furlongs", 5, 10),
            new("nan", double.NaN),
            new("infinite limit", 1, "", double.PositiveInfinity),
            new(Evil, 1),
            new(Evil, 2),
        ];

        var text = HealthReport.Write(HealthReportFormat.Nagios, [Member("my api", HealthStatus.Critical, Evil, measurements)]);

        var parts = text.Split(" | ");
        Assert.Equal(2, parts.Length);
        Assert.DoesNotContain('\n', text);
        Assert.DoesNotContain('|', parts[0]);
        Assert.DoesNotContain('\u001b', text);
        var data = PerformanceDatum().Matches(parts[1]);
        Assert.Equal(parts[1], string.Join(' ', data.Select(match => match.Value)));
        Assert.Equal(measurements.Count(measurement => double.IsFinite(measurement.Value)), data.Count);
        Assert.Equal(data.Count, data.Select(match => match.Groups["label"].Value).Distinct().Count());
        foreach (var (match, measurement) in data.Zip(measurements.Where(measurement => double.IsFinite(measurement.Value))))
        {
            var value = double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture);
            Assert.Equal(measurement.Value, value, 1e-9);
            var status = Alerts(match.Groups["critical"].Value, value) ? HealthStatus.Critical
                : Alerts(match.Groups["warning"].Value, value) ? HealthStatus.Warning
                : HealthStatus.Healthy;
            Assert.Equal(measurement.Status, status);
        }
    }

    [Fact]
    public void JUnit_is_valid_and_has_failures_errors_and_warnings_that_pass()
    {
        var text = HealthReport.Write(HealthReportFormat.JUnit,
        [
            Member("good", HealthStatus.Healthy, "200 in 12ms"),
            Member("slow", HealthStatus.Warning, "slow"),
            Member("down", HealthStatus.Critical, Evil, cause: "db"),
            Member("dark", HealthStatus.Unknown, "no login", stack: "other"),
        ]);

        using var reader = XmlReader.Create(new StringReader(text), new XmlReaderSettings { CheckCharacters = true, DtdProcessing = DtdProcessing.Prohibit });
        var root = XDocument.Load(reader).Root!;
        Assert.Equal(("testsuites", "4", "1", "1"), (root.Name.LocalName, (string?)root.Attribute("tests"), (string?)root.Attribute("failures"), (string?)root.Attribute("errors")));
        Assert.Equal(["shop", "other"], root.Elements("testsuite").Select(suite => (string?)suite.Attribute("name")));
        var suite = root.Elements("testsuite").First();
        Assert.Equal(("3", "1", "0", "0"), ((string?)suite.Attribute("tests"), (string?)suite.Attribute("failures"), (string?)suite.Attribute("errors"), (string?)suite.Attribute("skipped")));
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$", (string)suite.Attribute("timestamp")!);
        var cases = root.Descendants("testcase").ToDictionary(element => (string)element.Attribute("name")!);
        Assert.All(cases.Values, element => Assert.Matches(@"^\d+\.\d{3}$", (string)element.Attribute("time")!));
        Assert.Equal("shop.Service", (string?)cases["good test"].Attribute("classname"));
        Assert.Null(cases["slow test"].Element("failure"));
        Assert.Equal("Warning: slow", (string?)cases["slow test"].Element("system-out"));
        var failure = cases["down test"].Element("failure")!;
        Assert.Equal("Test.Reason", (string?)failure.Attribute("type"));
        Assert.Contains("caused by: db", failure.Value, StringComparison.Ordinal);
        Assert.Contains("<&>", failure.Value, StringComparison.Ordinal);
        Assert.NotNull(cases["dark test"].Element("error"));
    }

    [SkippableFact]
    public async Task Prometheus_text_passes_promtool()
    {
        var text = HealthReport.Write(HealthReportFormat.Prometheus,
        [
            Member("good", HealthStatus.Healthy, "fine", [new("latency", 0.1, "s"), new("disk", 80, "%"), new("memory", 5e9, "B"), new("restarts", 3, "c"), new("nan", double.NaN)]),
            Member(Evil.Replace("\ud800", string.Empty, StringComparison.Ordinal), HealthStatus.Critical, Evil, cause: "good"),
            Member("unknown", HealthStatus.Unknown, "?"),
        ]);

        Assert.Contains("opsrunbook_health_status{stack=\"shop\",name=\"good\",kind=\"Service\",host=\"local\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("opsrunbook_check_value_ratio{stack=\"shop\",name=\"good\",kind=\"Service\",host=\"local\",check=\"test\",measurement=\"disk\"} 0.8\n", text, StringComparison.Ordinal);
        Assert.Contains("name=\"unknown\",kind=\"Service\",host=\"local\"} 3\n", text, StringComparison.Ordinal);
        Assert.Equal(0, await PromtoolAsync(text));
        Assert.NotEqual(0, await PromtoolAsync(text + "\nbroken{ 1\n"));
    }

    [Fact]
    public void What_is_written_for_prometheus_is_read_back()
    {
        var text = HealthReport.Write(HealthReportFormat.Prometheus, [Member("a\\b\"c\nd", HealthStatus.Warning, "x")]);

        var page = Engine.Metrics.ExpositionParser.Parse(text, openMetrics: false);

        Assert.Empty(page.Faults);
        Assert.Equal("a\\b\"c\nd", page.Samples[0].Labels["name"]);
    }

    [Fact]
    public void The_newest_result_of_a_member_counts()
    {
        var text = HealthReport.Write(HealthReportFormat.Nagios, [Member("api", HealthStatus.Critical, "down"), Member("api", HealthStatus.Healthy, "up again")]);

        Assert.Equal("OK - api: up again", text);
    }

    // ;-separated: 'label'=value[UOM];[warn];[crit];[min];[max] of the Monitoring Plugins development guidelines.
    [GeneratedRegex(@"(?<label>'[^'=|\n]+'|[^'=|\s]+)=(?<value>-?[0-9.]+)(s|us|ms|%|B|KB|MB|GB|TB|c)?(;(?<warning>@?[0-9.~:-]*))?(;(?<critical>@?[0-9.~:-]*))?(;(?<min>-?[0-9.]*))?(;(?<max>-?[0-9.]*))?(?= |$)", RegexOptions.None, 1000)]
    private static partial Regex PerformanceDatum();

    // Ranges of the guidelines: [@]start:end, alert when outside, or inside with @, ends included in the range.
    private static bool Alerts(string range, double value)
    {
        if (range.Length == 0)
        {
            return false;
        }

        var inside = range.StartsWith('@');
        var parts = range.TrimStart('@').Split(':');
        var (from, to) = parts.Length == 1 ? ("0", parts[0]) : (parts[0], parts[1]);
        var start = from.Length == 0 ? 0 : from == "~" ? double.NegativeInfinity : double.Parse(from, CultureInfo.InvariantCulture);
        var end = to.Length == 0 ? double.PositiveInfinity : double.Parse(to, CultureInfo.InvariantCulture);
        return inside == (value >= start && value <= end);
    }

    private static ServiceHealth Member(string name, HealthStatus status, string message, Measurement[]? measurements = null, string? cause = null, string stack = "shop") => new()
    {
        Status = status,
        Name = name,
        Kind = MemberKind.Service,
        Stack = stack,
        Message = message,
        CausedBy = cause,
        Latency = TimeSpan.FromMilliseconds(12),
        Checks =
        [
            new CheckResult
            {
                Name = "test",
                Status = status,
                Message = message,
                Reason = status == HealthStatus.Healthy ? null : "Test.Reason",
                Target = "http://localhost/",
                Latency = TimeSpan.FromMilliseconds(12),
                Measurements = measurements ?? [],
            },
        ],
    };

    private static async Task<int> PromtoolAsync(string text)
    {
        Skip.If(Tool.Find("promtool") is null, "promtool is not installed (Debian package prometheus).");
        return (await Tool.TryRunAsync("promtool", ["check", "metrics"], text + "\n")).ExitCode;
    }
}
