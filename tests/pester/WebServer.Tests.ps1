# The web server commands in a session, on an nginx of its own.
BeforeDiscovery {
    $script:HasNginx = [bool](Get-Command nginx, /usr/sbin/nginx -ErrorAction Ignore)
}

Describe 'Web server commands' -Skip:(-not $HasNginx) {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force

        $script:Nginx = @(Get-Command nginx, /usr/sbin/nginx -ErrorAction Ignore)[0].Source
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $script:Port = $listener.LocalEndpoint.Port
        $listener.Stop()

        $script:Config = Join-Path $TestDrive 'nginx.conf'
        $temporary = 'client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi' | ForEach-Object { "${_}_temp_path $TestDrive/$_;" }
        Set-Content -LiteralPath $Config -NoNewline -Value @"
pid $TestDrive/nginx.pid;
error_log $TestDrive/error.log;
events { }
http {
  access_log off;
  $temporary
  server { listen 127.0.0.1:$Port; server_name a.test; location / { return 200; } location /ws { proxy_pass http://127.0.0.1:9; } }
  server { listen 127.0.0.1:$Port; server_name b.test; return 200; }
}
"@
        $script:Stack = Join-Path $TestDrive 'opsrunbook.yaml'
        Set-Content -LiteralPath $Stack -Value "stack: pester`nwebServers:`n  web: { config: $Config }"
        & $Nginx -c $Config
        $script:Before = Get-Content -LiteralPath $Config -Raw

        function Get-Status([string] $Site) {
            (Invoke-WebRequest "http://127.0.0.1:$Port/" -Headers @{ Host = $Site } -SkipHttpErrorCheck -DisableKeepAlive).StatusCode
        }
    }

    AfterAll {
        if (Test-Path "$TestDrive/nginx.pid") { & $Nginx -c $Config -s stop 2>$null }
    }

    It 'show what is in effect, with findings, in 120 columns' {
        $report = Test-WebServerConfig -Stack $Stack
        $report | Should -BeOfType OpsRunbook.WebServerConfig
        $report.IsValid | Should -BeTrue
        $report.Sites.Name | Should -Be @('a.test', 'b.test')
        $report.Findings.Rule | Should -Contain 'WebSocketHeaders'
        $report.Sites.Locations[0].ReadTimeout | Should -Be ([timespan]'00:01:00')
        foreach ($lines in ($report | Out-String -Width 120), ($report.Findings | Out-String -Width 120), ($report.Sites | Out-String -Width 120)) {
            ($lines -split "`n") -replace "`e\[[0-9;]*m" | ForEach-Object { $_.TrimEnd().Length | Should -BeLessOrEqual 120 }
            $lines -replace "`e\[[0-9;]*m" | Should -Match '(?m)^Status'
        }
    }

    It 'close sites, and open those of the object that came back' {
        $change = Enable-MaintenanceMode web -Site a.* -RetryAfter 30m -Stack $Stack -Confirm:$false
        $change | Should -BeOfType OpsRunbook.MaintenanceModeChange
        Get-Status a.test | Should -Be 503
        Get-Status b.test | Should -Be 200
        $null = Enable-MaintenanceMode web -Site b.test -Stack $Stack -Confirm:$false
        ($change | Disable-MaintenanceMode -Stack $Stack).Changed | Should -BeTrue
        Get-Status a.test | Should -Be 200
        Get-Status b.test | Should -Be 503
        (Disable-MaintenanceMode -Stack $Stack).Sites | Should -Be 'b.test'
        Get-Content -LiteralPath $Config -Raw | Should -BeExactly $Before
    }

    It 'emit their plan under -WhatIf and do nothing' {
        $plan = Enable-MaintenanceMode -Stack $Stack -WhatIf
        $plan | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsPlanStep }
        $plan.Target | Should -Be @('web: a.test', 'web: b.test', 'web')
        Get-Content -LiteralPath $Config -Raw | Should -BeExactly $Before
    }

    It 'say that there was nothing to end' {
        $change = Disable-MaintenanceMode -Stack $Stack
        $change.Changed | Should -BeFalse
        $change.Message | Should -BeLike '*was not on*'
    }

    It 'name file and line of what nginx refuses' {
        Set-Content -LiteralPath $Config -NoNewline -Value ($Before -replace 'server_name b.test', 'servername b.test')
        try {
            $report = Test-WebServerConfig web -Stack $Stack
            $report.Status | Should -Be 'Critical'
            $report.ErrorFile | Should -Be $Config
            $report.ErrorLine | Should -Be 8
            { Enable-MaintenanceMode web -Stack $Stack -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'Maintenance.WebServerInvalid,*'
        }
        finally {
            Set-Content -LiteralPath $Config -NoNewline -Value $Before
        }
    }
}
