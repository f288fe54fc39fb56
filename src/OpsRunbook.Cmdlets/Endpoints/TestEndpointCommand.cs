using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Cmdlets;

/// <summary>Tests whether endpoints answer, as expected and in time, with the time of each phase.</summary>
[Cmdlet(VerbsDiagnostic.Test, "Endpoint")]
[OutputType(typeof(EndpointResult))]
public sealed class TestEndpointCommand : StackCmdlet
{
    private readonly List<string> _addresses = [];

    /// <summary>
    /// What to test: <c>https://host/path</c>, <c>http://…</c>, <c>tcp://host:port</c> or <c>host:port</c>, <c>tls://host</c>,
    /// <c>ping://host</c>, <c>ssh://host</c>, <c>ws://…</c>, <c>wss://…</c>.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("Url", "Endpoint")]
    public string[] Uri { get; set; } = [];

    /// <summary>HTTP statuses that are good: <c>200</c>, <c>2xx</c>, <c>200,204</c>, <c>200-399</c> (which is the default).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Status { get; set; }

    /// <summary>What the body must be: text, text with <c>*</c>, or <c>/regex/</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Body { get; set; }

    /// <summary>The result is a warning when the answer takes longer, for example <c>500ms</c>.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan MaxLatency { get; set; }

    /// <summary>HTTP method.</summary>
    [Parameter]
    [ValidateSet("GET", "HEAD", "OPTIONS", "POST")]
    public string Method { get; set; } = "GET";

    /// <summary>Host of the stack from which to test; without it, this machine.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>How long a WebSocket must stay open without traffic, for example <c>90s</c>.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Idle { get; set; }

    /// <summary>Accept a certificate that is not valid; the message still says what is wrong with it.</summary>
    [Parameter]
    public SwitchParameter Insecure { get; set; }

    /// <summary>File with the certificate authorities to trust instead of the machine's own.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CaFile { get; set; }

    /// <summary>Longest time for each endpoint.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often each endpoint is tested, a second apart.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    /// <summary>Most endpoints tested at the same time.</summary>
    [Parameter]
    [ValidateRange(1, 10000)]
    public int ThrottleLimit { get; set; } = 512;

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _addresses.AddRange(Uri);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        var request = new EndpointTestRequest(_addresses)
        {
            Method = Method,
            Status = Status,
            Body = Body,
            MaxLatency = IsBound(nameof(MaxLatency)) ? MaxLatency : null,
            Timeout = WaitingTime.Require(Timeout, nameof(Timeout)),
            Idle = IsBound(nameof(Idle)) ? WaitingTime.Require(Idle, nameof(Idle)) : null,
            Insecure = On(Insecure),
            CaFile = CaFile is null ? null : Path.GetFullPath(CaFile, WorkingDirectory),
            Count = Count,
            ThrottleLimit = ThrottleLimit,
        };
        if (From is null)
        {
            await using var local = new LocalHost();
            await EndpointTest.RunAsync(local, request, output, cancellationToken);
            return;
        }

        await using var session = await OpenStackAsync(output, cancellationToken);
        await EndpointTest.RunAsync(session.Host(From), request, output, cancellationToken);
    }
}
