using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>Tests many endpoints at once.</summary>
public static class EndpointTest
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Tests the endpoints from a host and writes an <see cref="EndpointResult"/> for each as it is known.</summary>
    /// <param name="host">Where the connections start.</param>
    /// <param name="request">Endpoints and expectations.</param>
    /// <param name="output">Takes results, and an error for each address that cannot be read.</param>
    /// <param name="cancellationToken">Ends the tests and closes their connections.</param>
    /// <returns>A task that ends with the last test.</returns>
    /// <exception cref="OpsException"><c>Health.ConditionInvalid</c>: the call cannot be carried out.</exception>
    public static async Task RunAsync(IHost host, EndpointTestRequest request, IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(output);
        var tester = new EndpointTester(host, new EndpointConditions
        {
            Method = request.Method,
            StatusCode = request.Status is { } status ? HttpStatusCondition.Parse(status) : HttpStatusCondition.Default,
            Body = request.Body is { } body ? ValueExpectation.Parse(body) : null,
            MaxLatency = request.MaxLatency,
            Timeout = request.Timeout,
            Idle = request.Idle,
            Insecure = request.Insecure,
            CaFile = request.CaFile,
        });
        var done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = request.ThrottleLimit, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(Read(request.Addresses, output), options, async (address, token) =>
        {
            for (var i = 0; i < request.Count; i++)
            {
                if (i > 0)
                {
                    await Task.Delay(Pause, token);
                }

                await output.WriteAsync(await tester.TestAsync(address, token), token);
            }

            var count = Interlocked.Increment(ref done);
            output.Progress("Testing endpoints", $"{count} of {request.Addresses.Count}", 100 * count / request.Addresses.Count);
        });
    }

    private static IEnumerable<EndpointAddress> Read(IReadOnlyList<string> addresses, IOperationOutput output)
    {
        foreach (var text in addresses)
        {
            EndpointAddress? address = null;
            try
            {
                address = EndpointAddress.Parse(text);
            }
            catch (OpsException error)
            {
                output.Error(error);
            }

            if (address is not null)
            {
                yield return address;
            }
        }
    }
}
