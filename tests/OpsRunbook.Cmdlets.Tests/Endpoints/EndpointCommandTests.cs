namespace OpsRunbook.Cmdlets.Tests.Endpoints;

public sealed class EndpointCommandTests
{
    [Fact]
    public void All_pipeline_input_is_tested_together_at_the_end()
    {
        var sink = new TestSink();
        using var cmdlet = new TestEndpointCommand { Sink = sink };
        cmdlet.RunBegin();
        cmdlet.Uri = ["127.0.0.1:1", "nonsense"];
        cmdlet.RunProcess();
        cmdlet.Uri = ["http://127.0.0.1:1/"];
        cmdlet.RunProcess();
        Assert.Empty(sink.Objects);
        cmdlet.RunEnd();
        var results = sink.Objects.Cast<EndpointResult>().ToList();
        Assert.Equal(2, results.Count);
        Assert.All(results, result => Assert.Equal((HealthStatus.Critical, "Endpoint.PortClosed"), (result.Status, result.Reason)));
        Assert.Equal("Endpoint.AddressInvalid", Assert.Single(sink.Errors).Id);
    }

    [Theory]
    [InlineData("often", 5, "Health.ConditionInvalid")]
    [InlineData(null, 0, "Endpoint.TimeoutInvalid")]
    [InlineData(null, -1, "Endpoint.TimeoutInvalid")]
    public void A_call_that_cannot_be_carried_out_ends_the_command(string? status, int seconds, string id)
    {
        var sink = new TestSink();
        using var cmdlet = new TestEndpointCommand { Sink = sink, Uri = ["127.0.0.1:1"], Status = status, Timeout = TimeSpan.FromSeconds(seconds) };
        cmdlet.RunProcess();
        Assert.Throws<TerminatedException>(cmdlet.RunEnd);
        Assert.Equal(id, Assert.Single(sink.Errors).Id);
        Assert.Empty(sink.Objects);
    }

    [Fact]
    public void A_host_that_the_stack_does_not_know_is_named()
    {
        var sink = new TestSink();
        using var cmdlet = new TestEndpointCommand { Sink = sink, Uri = ["127.0.0.1:1"], From = "elsewhere", Stack = new OpsStack { Name = "test" } };
        cmdlet.RunProcess();
        Assert.Throws<TerminatedException>(cmdlet.RunEnd);
        var error = Assert.Single(sink.Errors);
        Assert.Equal("Stack.HostUnknown", error.Id);
        Assert.Contains("elsewhere", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resolver_that_does_not_answer_is_a_result_and_a_wrong_name_an_error()
    {
        var sink = new TestSink();
        using var cmdlet = new TestDnsRecordCommand { Sink = sink, Name = ["www.example.test", "a..b"], Resolver = ["127.0.0.1:1"], Timeout = TimeSpan.FromSeconds(1) };
        cmdlet.RunProcess();
        cmdlet.RunEnd();
        Assert.Equal(HealthStatus.Unknown, Assert.IsType<DnsRecordResult>(Assert.Single(sink.Objects)).Status);
        Assert.Equal("Dns.NameInvalid", Assert.Single(sink.Errors).Id);
    }
}
