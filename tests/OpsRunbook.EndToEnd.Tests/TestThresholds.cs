namespace OpsRunbook.EndToEnd.Tests;

/// <summary>Limits that a busy build machine with a well filled disk does not reach, and a full disk or a slow answer does.</summary>
internal static class TestThresholds
{
    public const string Yaml = """
        thresholds:
          disk: { warning: 99%, critical: 99.5% }
          latency: { warning: 2s, critical: 10s }
          inodes: { warning: null, critical: null }
          cpu: { warning: null, critical: null }
          memory: { warning: null, critical: null }
          swap: { warning: null, critical: null }
          load: { warning: null, critical: null }
        """;
}
