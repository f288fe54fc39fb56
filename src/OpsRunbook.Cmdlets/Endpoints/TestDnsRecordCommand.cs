using System.Management.Automation;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Endpoints.Dns;

namespace OpsRunbook.Cmdlets;

/// <summary>Looks up DNS records at one or several resolvers, and compares them with each other and with what is expected.</summary>
[Cmdlet(VerbsDiagnostic.Test, "DnsRecord")]
[OutputType(typeof(DnsRecordResult))]
public sealed class TestDnsRecordCommand : OpsCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>The full name, such as <c>www.example.org</c>; for PTR an address will do.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>Types of record.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public DnsRecordType[] Type { get; set; } = [DnsRecordType.A];

    /// <summary>Resolvers to ask, with a port when it is not 53; without it the machine's own. Several are compared.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("Server")]
    public string[]? Resolver { get; set; }

    /// <summary>Values that must be there, with <c>*</c> for anything. Values beyond these are a warning, except for TXT.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("Expected")]
    public string[]? Expect { get; set; }

    /// <summary>Longest time for each question.</summary>
    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        _names.AddRange(Name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override Task EndAsync(IOperationOutput output, CancellationToken cancellationToken) => DnsTest.RunAsync(
        new DnsTestRequest(_names)
        {
            Types = Type,
            Resolvers = Resolver ?? [],
            Expected = Expect ?? [],
            Timeout = WaitingTime.Require(Timeout, nameof(Timeout)),
        },
        output,
        cancellationToken);
}
