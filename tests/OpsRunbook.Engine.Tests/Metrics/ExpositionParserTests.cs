using OpsRunbook.Engine.Metrics;

namespace OpsRunbook.Engine.Tests.Metrics;

public sealed class ExpositionParserTests
{
    [Fact]
    public void Samples_have_their_labels_type_help_and_time()
    {
        var page = ExpositionParser.Parse(
            """
            # HELP http_requests_total The total number of HTTP requests,\nwith a \\ in it.
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 1395066363000
            http_requests_total { method = "get" , code = "400", } 3

            # a comment
            	no_type   -1.5e-3
            """,
            openMetrics: false);

        Assert.Empty(page.Faults);
        var sample = page.Samples[0];
        Assert.Equal(("http_requests_total", 1027.0, "counter"), (sample.Name, sample.Value, sample.Family.Type));
        Assert.Equal("The total number of HTTP requests,\nwith a \\ in it.", sample.Family.Help);
        Assert.Equal([new("method", "post"), new("code", "200")], sample.Labels);
        Assert.Equal(new DateTime(2014, 3, 17, 14, 26, 3, DateTimeKind.Utc), sample.Time);
        Assert.Equal([new("method", "get"), new("code", "400")], page.Samples[1].Labels);
        Assert.Null(page.Samples[1].Time);
        Assert.Equal(("no_type", -0.0015, "untyped"), (page.Samples[2].Name, page.Samples[2].Value, page.Samples[2].Family.Type));
    }

    [Fact]
    public void Escapes_and_special_characters_in_labels_are_read()
    {
        var page = ExpositionParser.Parse(
            """
            m{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\"",brace="a}b,c=d # x",empty="",other="\t"} 1.458255915e9
            """,
            openMetrics: false);

        Assert.Equal(
            [new("path", @"C:\DIR\FILE.TXT"), new("error", "Cannot find file:\n\"FILE.TXT\""), new("brace", "a}b,c=d # x"), new("empty", string.Empty), new("other", @"\t")],
            Assert.Single(page.Samples).Labels);
    }

    [Theory]
    [InlineData("NaN", double.NaN)]
    [InlineData("nan", double.NaN)]
    [InlineData("+Inf", double.PositiveInfinity)]
    [InlineData("Inf", double.PositiveInfinity)]
    [InlineData("-inf", double.NegativeInfinity)]
    [InlineData("1e100", 1e100)]
    [InlineData("+3", 3)]
    public void Values_that_are_no_usual_numbers_are_read(string text, double value) =>
        Assert.Equal(value, Assert.Single(ExpositionParser.Parse($"m {text}", openMetrics: false).Samples).Value);

    [Fact]
    public void The_samples_of_histograms_and_summaries_keep_their_family()
    {
        var page = ExpositionParser.Parse(
            """
            # TYPE d histogram
            d_bucket{le="0.5"} 1
            d_bucket{le="+Inf"} 2
            d_sum 0.7
            d_count 2
            # TYPE s summary
            s{quantile="0.99"} 4
            s_count 9
            """,
            openMetrics: false);

        Assert.Equal(["histogram", "histogram", "histogram", "histogram", "summary", "summary"], page.Samples.Select(sample => sample.Family.Type));
    }

    [Fact]
    public void OpenMetrics_has_units_seconds_exemplars_and_an_end()
    {
        var page = ExpositionParser.Parse(
            """
            # TYPE acme_http_router_request_seconds summary
            # UNIT acme_http_router_request_seconds seconds
            # HELP acme_http_router_request_seconds Latency.
            acme_http_router_request_seconds_sum{path="/api/v1"} 9036.32 1605281325.5
            # TYPE foo histogram
            foo_bucket{le="1"} 11 # {trace_id="KOO5S4vxi0o"} 0.67
            foo_bucket{le="2"} 12 1605281325 # {} 9.8 1520879607.789
            # EOF
            this is not read
            """,
            openMetrics: true);

        Assert.Empty(page.Faults);
        Assert.Equal("seconds", page.Samples[0].Family.Unit);
        Assert.Equal(new DateTime(2020, 11, 13, 15, 28, 45, 500, DateTimeKind.Utc), page.Samples[0].Time);
        Assert.Equal(3, page.Samples.Count);
    }

    [Fact]
    public void Quoted_names_are_read()
    {
        var sample = Assert.Single(ExpositionParser.Parse("""{"my.metric\"x","a b"="c"} 5""", openMetrics: false).Samples);

        Assert.Equal("my.metric\"x", sample.Name);
        Assert.Equal([new("a b", "c")], sample.Labels);
    }

    [Theory]
    [InlineData("m")]
    [InlineData("m{")]
    [InlineData("m{a} 1")]
    [InlineData("m{a=b} 1")]
    [InlineData("m{a=\"b} 1")]
    [InlineData("m{a=\"b\\")]
    [InlineData("m{a=\"b\" c=\"d\"} 1")]
    [InlineData("m one")]
    [InlineData("m 1 2 3")]
    [InlineData("m 1 99999999999999999999")]
    [InlineData("{} 1")]
    [InlineData("= 1 x")]
    public void A_line_that_cannot_be_read_spoils_no_other(string line)
    {
        var page = ExpositionParser.Parse($"good 1\n{line}\nalso_good 2", openMetrics: false);

        Assert.Equal(["good", "also_good"], page.Samples.Select(sample => sample.Name));
        Assert.Equal(2, Assert.Single(page.Faults).Line);
    }
}
